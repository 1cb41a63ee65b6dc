/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A KVM-HV guest's table through the kernel's HTAB descriptor: opening and reading. What the
 * descriptor does is told in hpt/kvm.h; what Linux 6.1 was seen to do is said at each rule.
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "../core/internal.h"
#include "kvm.h"

#if defined(__powerpc__)
#include <linux/kvm.h>
#include <sys/ioctl.h>

static int open_by_ioctl(void *arg, int vm_fd, uint64_t flags, uint64_t start, int *fd,
			 struct hpt_error *err)
{
	struct kvm_get_htab_fd request = { .flags = flags, .start_index = start };
	int ret = ioctl(vm_fd, KVM_PPC_GET_HTAB_FD, &request);

	(void)arg;
	if (ret >= 0) {
		*fd = ret;
		return HPT_OK;
	}
	if (errno == EIO)
		return hpt_fail_errno(err, errno,
				      "KVM_PPC_GET_HTAB_FD on descriptor %d: only the process that "
				      "created the VM may open its table", vm_fd);
	return hpt_fail_errno(err, errno, "KVM_PPC_GET_HTAB_FD on descriptor %d", vm_fd);
}

int hpt_kvm_page_sizes(int vm_fd, struct hpt_page_sizes *out, struct hpt_error *err)
{
	struct kvm_ppc_smmu_info info;

	memset(&info, 0, sizeof(info));
	if (ioctl(vm_fd, KVM_PPC_GET_SMMU_INFO, &info) < 0)
		return hpt_fail_errno(err, errno, "KVM_PPC_GET_SMMU_INFO on descriptor %d", vm_fd);
	return hpt_page_sizes_from_smmu(&info, sizeof(info), HPT_HOST_ORDER, out, err);
}
#else
static int open_by_ioctl(void *arg, int vm_fd, uint64_t flags, uint64_t start, int *fd,
			 struct hpt_error *err)
{
	(void)arg, (void)vm_fd, (void)flags, (void)start, (void)fd;
	return hpt_fail(err, HPT_ERR_UNSUPPORTED,
			"KVM's tables can only be opened by a build for POWER");
}

int hpt_kvm_page_sizes(int vm_fd, struct hpt_page_sizes *out, struct hpt_error *err)
{
	(void)vm_fd, (void)out;
	return hpt_fail(err, HPT_ERR_UNSUPPORTED,
			"KVM_PPC_GET_SMMU_INFO needs a build for POWER");
}
#endif

/* Bytes with which one read(2) of the kernel covers @n slots, whatever is in them. */
static size_t bytes_for(uint64_t n)
{
	/*
	 * Worst is all valid: a header for each 65,535 entries. The kernel wants room for
	 * strictly more than what it adds, hence 1 more; with less room behind them it goes on
	 * to fewer slots that nobody asked for.
	 */
	uint64_t bytes = n * HPT_ENTRY_BYTES + (n / HPT_CHUNK_MAX + 1) * HPT_CHUNK_HEADER + 1;

	return bytes < SIZE_MAX / 2 ? (size_t)bytes : SIZE_MAX / 2;
}

int hpt_kvm_get_fd(struct hpt_kvm *k, uint64_t flags, uint64_t start, int *fd,
		   struct hpt_error *err)
{
	return k->open_fd(k->arg, k->vm_fd, flags, start, fd, err);
}

ssize_t hpt_kvm_read_fd(int fd, void *bytes, size_t len, struct hpt_error *err)
{
	ssize_t n;

	do
		n = read(fd, bytes, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		hpt_fail_errno(err, errno, "read of %zu bytes from KVM's table", len);
	return n;
}

int hpt_kvm_decoder(const struct hpt_kvm *k, struct hpt_decoder *d, struct hpt_error *err)
{
	const struct hpt_decoder_options options = {
		.size = sizeof(options), .flags = HPT_DECODER_LATER_PASS,
		.dialect = HPT_HOST_ORDER == HPT_BIG_ENDIAN ? HPT_DIALECT_KVM_BE :
							      HPT_DIALECT_KVM_LE,
		.order = k->order,
	};

	return hpt_decoder_init(d, &options, err);
}

/* The kernel's own bytes name slots that are not there: its table is larger than we think. */
int hpt_kvm_decode_error(int code, struct hpt_error *err)
{
	if (code != HPT_ERR_CHUNK_INDEX && code != HPT_ERR_CHUNK_COUNT)
		return code;
	err->code = HPT_ERR_CONTRADICTION;
	return hpt_error_prepend(err, "the kernel's table is larger than the order that was given");
}

static int ended_early(const struct hpt_kvm *k, uint64_t first, uint64_t at,
		       struct hpt_error *err)
{
	if (at == first)
		return hpt_fail_ptex(err, HPT_ERR_NO_HPT, at,
				     "the kernel gives no entry from slot %#llx of a table of order "
				     "%u: the guest uses radix, or the VM has no hashed page table, "
				     "or a smaller one", ULL(at), k->order);
	return hpt_fail_ptex(err, HPT_ERR_CONTRADICTION, at,
			     "the kernel's table ends at slot %#llx, expected %#llx (order %u)",
			     ULL(at), ULL(k->slots), k->order);
}

/* A pass over [first, end) of a descriptor's stream, in which no slot may be left out. */
struct scan {
	struct hpt_kvm *k;
	struct hpt_decoder d;
	uint64_t first, end;
	uint64_t at;          /* next slot */
	hpt_each_fn *fn;      /* optional: called with valid entries below end */
	void *arg;
	struct hpt_entry *out; /* optional: receives all entries of [first, end) */
};

static int give_entries(const struct scan *s, const struct hpt_run *run, uint64_t n)
{
	struct hpt_entry entries[64];
	const unsigned char *bytes = run->entries_be;

	for (uint64_t i = 0; i < n;) {
		size_t part = n - i < 64 ? (size_t)(n - i) : 64;

		hpt_entries_from_bytes(bytes + i * HPT_ENTRY_BYTES, part, entries);
		if (s->fn(s->arg, run->ptex + i, part, entries))
			return HPT_ERR_STOPPED;
		i += part;
	}
	return HPT_OK;
}

static int take_run(struct scan *s, const struct hpt_run *run, struct hpt_error *err)
{
	uint64_t room = s->end - s->at;
	uint64_t n_valid = run->n_valid < room ? run->n_valid : room;
	uint64_t n = n_valid + run->n_invalid < room ? n_valid + run->n_invalid : room;
	int ret = HPT_OK;

	/* Behind its end the kernel goes on with what changed, from the front. */
	if (run->ptex != s->at)
		return ended_early(s->k, s->first, s->at, err);
	if (s->fn)
		ret = give_entries(s, run, n_valid);
	if (s->out) {
		struct hpt_entry *out = s->out + (s->at - s->first);

		if (n_valid)
			hpt_entries_from_bytes(run->entries_be, (size_t)n_valid, out);
		memset(out + n_valid, 0, (size_t)(n - n_valid) * sizeof(*out));
	}
	s->at += n;
	return ret;
}

static int take_bytes(struct scan *s, const unsigned char *bytes, size_t len,
		      struct hpt_error *err)
{
	enum hpt_event event = HPT_EVENT_RUN;

	while (event != HPT_EVENT_MORE && s->at < s->end) {
		struct hpt_run run;
		size_t used;
		int ret = hpt_decoder_next(&s->d, bytes, len, &used, &event, &run, err);

		if (ret)
			return hpt_kvm_decode_error(ret, err);
		if (event == HPT_EVENT_RUN)
			ret = take_run(s, &run, err);
		if (ret)
			return ret;
		bytes += used;
		len -= used;
	}
	return HPT_OK;
}

static uint64_t read_flags(const struct hpt_kvm *k)
{
	return k->bolted_only ? HPT_KVM_FD_BOLTED : 0;
}

/*
 * Read from @fd until the scan is through: a window at a time or, with @kept, each read(2)
 * behind the one before, so that all bytes are there in the end.
 */
static int scan_fd(struct scan *s, int fd, size_t *kept, struct hpt_error *err)
{
	struct hpt_kvm *k = s->k;

	while (s->at < s->end) {
		unsigned char *bytes = k->buffer + (kept ? *kept : 0);
		size_t room = k->room - (kept ? *kept : 0);
		/* No larger than needed: the kernel clears the marks of all that it gives. */
		size_t want = bytes_for(s->end - s->at);
		ssize_t n;
		int ret;

		n = hpt_kvm_read_fd(fd, bytes, want < room ? want : room, err);
		if (n < 0)
			return HPT_ERR_SYSTEM;
		if (!n)
			return ended_early(k, s->first, s->at, err);
		ret = take_bytes(s, bytes, (size_t)n, err);
		if (ret)
			return ret;
		if (kept)
			*kept += (size_t)n;
	}
	return HPT_OK;
}

static int scan(struct scan *s, size_t *kept, struct hpt_error *err)
{
	int fd, ret = hpt_kvm_decoder(s->k, &s->d, err);

	if (!ret)
		ret = hpt_kvm_get_fd(s->k, read_flags(s->k), s->first, &fd, err);
	if (ret)
		return ret;
	ret = scan_fd(s, fd, kept, err);
	close(fd);
	return ret;
}

static int reserve(struct hpt_kvm *k, uint64_t ptex, size_t n, struct hpt_error *err)
{
	size_t room = bytes_for(n);
	unsigned char *bigger;

	if (room <= k->room)
		return HPT_OK;
	bigger = realloc(k->buffer, room);
	if (!bigger)
		return hpt_fail_ptex(err, HPT_ERR_MEMORY, ptex,
				     "out of memory to read %zu entries", n);
	k->buffer = bigger;
	k->room = room;
	return HPT_OK;
}

/*
 * The stream of n entries lies in the buffer whole before an entry is put out; one read(2) is
 * enough for it.
 */
static int kvm_read(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		    struct hpt_error *err)
{
	struct hpt_kvm *k = ctx;
	struct scan s = { .k = k, .first = ptex, .at = ptex, .end = ptex + n };
	size_t len = 0;
	int ret = reserve(k, ptex, n, err);

	if (!ret)
		ret = scan(&s, &len, err);
	if (ret)
		return ret;
	/* All is there and makes sense: decode it again, into place. */
	s.at = ptex;
	s.out = out;
	ret = hpt_kvm_decoder(k, &s.d, err);
	return ret ? ret : take_bytes(&s, k->buffer, len, err);
}

static int kvm_each(void *ctx, uint64_t ptex, uint64_t n, hpt_each_fn *fn, void *arg,
		    struct hpt_error *err)
{
	struct scan s = { .k = ctx, .first = ptex, .at = ptex, .end = ptex + n, .fn = fn,
			  .arg = arg };

	return scan(&s, NULL, err);
}

static void kvm_close(void *ctx)
{
	struct hpt_kvm *k = ctx;

	if (k->changes.fd >= 0)
		close(k->changes.fd);
	free(k->changes.buffer);
	free(k->buffer);
	free(k);
}

static const struct hpt_table_ops writable_ops = {
	.size = sizeof(writable_ops),
	.read = kvm_read,
	.write = hpt_kvm_write,
	.clear = hpt_kvm_clear,
	.each = kvm_each,
	.next_change = hpt_kvm_next_change,
	.close = kvm_close,
};

static const struct hpt_table_ops read_only_ops = {
	.size = sizeof(read_only_ops),
	.read = kvm_read,
	.each = kvm_each,
	.next_change = hpt_kvm_next_change,
	.close = kvm_close,
};

/* Entries that a handle reads without allocating: 64 KiB of a table. */
#define AT_ONCE 4096
#define FLAGS (HPT_KVM_READ_ONLY | HPT_KVM_BOLTED_ONLY)

static int check_options(const struct hpt_kvm_options *given, struct hpt_kvm_options *o,
			 struct hpt_error *err)
{
	int ret = hpt_options_in(o, sizeof(*o), sizeof(*o), given, "hpt_kvm_options", err);

	if (!ret && o->flags & ~FLAGS)
		ret = hpt_fail(err, HPT_ERR_ARGUMENT,
			       "struct hpt_kvm_options: flags are %#x, expected of %#x", o->flags,
			       FLAGS);
#if !defined(__powerpc__)
	if (!ret && !o->open_fd)
		ret = open_by_ioctl(NULL, -1, 0, 0, NULL, err);
#endif
	return ret;
}

int hpt_kvm_open(int vm_fd, unsigned order, const struct hpt_kvm_options *options,
		 struct hpt_table **out, struct hpt_error *err)
{
	const struct hpt_table_config config = { .size = sizeof(config), .backend = "kvm",
						 .order = order, .flags = HPT_TABLE_LIVE };
	struct hpt_kvm_options o;
	struct hpt_kvm *k;
	int ret = check_options(options, &o, err);

	if (!ret)
		ret = hpt_check_order(order, HPT_STREAM_ORDER_MAX, err);
	if (ret)
		return ret;
	k = calloc(1, sizeof(*k));
	if (k) {
		*k = (struct hpt_kvm){
			.vm_fd = vm_fd, .order = order, .arg = o.arg, .changes.fd = -1,
			.slots = UINT64_C(1) << (order - HPT_ENTRY_SHIFT),
			.open_fd = o.open_fd ? o.open_fd : open_by_ioctl,
			.bolted_only = o.flags & HPT_KVM_BOLTED_ONLY,
			.room = bytes_for(AT_ONCE), .buffer = malloc(bytes_for(AT_ONCE)),
		};
	}
	if (!k || !k->buffer) {
		free(k);
		return hpt_fail(err, HPT_ERR_MEMORY, "KVM table: out of memory");
	}
	ret = hpt_table_open(o.flags ? &read_only_ops : &writable_ops, k, &config, out, err);
	if (ret)
		kvm_close(k);
	return ret;
}
