/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A KVM-HV guest's table: writing. Linux 6.1 takes, in one write(2), any number of chunks
 * that only invalidate, but at most one with valid entries, and that last: behind such a
 * chunk it looks for the next header inside the chunk's first entry. A chunk that is cut
 * short makes it read beyond the buffer, so only whole chunks are given.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../core/internal.h"
#include "kvm.h"

/* Slots to write, and how far it came. */
struct plan {
	struct hpt_kvm *k;
	int fd;
	uint64_t at, end;
	const struct hpt_entry *in; /* entry of slot @first; NULL: all are invalid */
	uint64_t first;
};

static bool valid_at(const struct plan *p, uint64_t ptex)
{
	return p->in && p->in[ptex - p->first].v & HPT_V_VALID;
}

/* How many slots from @ptex are valid (or are not), at most @max. */
static uint32_t run_length(const struct plan *p, uint64_t ptex, bool valid, uint64_t max)
{
	uint64_t n = 0, left = p->end - ptex;

	if (max > left)
		max = left;
	if (!valid && !p->in)
		return (uint32_t)max;
	while (n < max && valid_at(p, ptex + n) == valid)
		n++;
	return (uint32_t)n;
}

static void put_header(unsigned char *bytes, uint64_t index, uint32_t n_valid,
		       uint32_t n_invalid)
{
	const uint32_t index32 = (uint32_t)index;
	const uint16_t counts[2] = { (uint16_t)n_valid, (uint16_t)n_invalid };

	memcpy(bytes, &index32, sizeof(index32));
	memcpy(bytes + sizeof(index32), counts, sizeof(counts));
}

/* One chunk from @ptex into @bytes: valid entries, if any, and invalid slots after them. */
static size_t put_chunk(const struct plan *p, uint64_t ptex, unsigned char *bytes, size_t room,
			uint64_t *next)
{
	uint64_t fits = (room - HPT_CHUNK_HEADER) / HPT_ENTRY_BYTES;
	uint32_t nv = run_length(p, ptex, true, fits < HPT_CHUNK_MAX ? fits : HPT_CHUNK_MAX);
	uint32_t ni = run_length(p, ptex + nv, false, HPT_CHUNK_MAX);

	put_header(bytes, ptex, nv, ni);
	if (nv)
		hpt_entries_to_bytes(p->in + (ptex - p->first), nv, bytes + HPT_CHUNK_HEADER);
	*next = ptex + nv + ni;
	return HPT_CHUNK_HEADER + (size_t)nv * HPT_ENTRY_BYTES;
}

/* As many chunks as one write(2) may hold; @next is the slot behind them. */
static size_t put_chunks(const struct plan *p, uint64_t *next)
{
	size_t room = p->k->room, used = 0, n;

	*next = p->at;
	do {
		n = put_chunk(p, *next, p->k->buffer + used, room - used, next);
		used += n;
	} while (*next < p->end && n == HPT_CHUNK_HEADER &&
		 room - used >= HPT_CHUNK_HEADER + HPT_ENTRY_BYTES);
	return used;
}

static ssize_t write_bytes(int fd, const void *bytes, size_t len)
{
	ssize_t n;

	do
		n = write(fd, bytes, len);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Slots that the first @len bytes at @bytes deal with, or less when they end in a chunk. */
static uint64_t slots_in(const unsigned char *bytes, size_t len, size_t *whole)
{
	uint64_t slots = 0;

	for (*whole = 0; len - *whole >= HPT_CHUNK_HEADER;) {
		uint16_t counts[2];
		size_t size;

		memcpy(counts, bytes + *whole + 4, sizeof(counts));
		size = HPT_CHUNK_HEADER + (size_t)counts[0] * HPT_ENTRY_BYTES;
		if (size > len - *whole)
			break;
		slots += (uint64_t)counts[0] + counts[1];
		*whole += size;
	}
	return slots;
}

/* EINVAL for a slot: is it the entry, or is there no such slot at all? */
static int explain_einval(const struct plan *p, uint64_t ptex, struct hpt_error *err)
{
	unsigned char nothing[HPT_CHUNK_HEADER];

	put_header(nothing, ptex, 0, 0);
	if (write_bytes(p->fd, nothing, sizeof(nothing)) < 0) {
		hpt_fail_errno(err, EINVAL,
			       "the kernel has no slot %#llx to write (the guest uses radix, or "
			       "the VM has no hashed page table, or one of a smaller order than "
			       "%u)", ULL(ptex), p->k->order);
		return HPT_ERR_NO_HPT;
	}
	hpt_fail_errno(err, EINVAL,
		       "the kernel refused entry %#llx: it does not know the page size that its L "
		       "and LP bits name", ULL(ptex));
	return HPT_ERR_REFUSED;
}

/* Why the kernel did not take slot @ptex, which is the first that it did not take. */
static int explain(const struct plan *p, uint64_t ptex, int os_errno, struct hpt_error *err)
{
	int code;

	switch (os_errno) {
	case EBUSY:
		code = HPT_ERR_BUSY;
		hpt_fail_errno(err, os_errno,
			       "entry %#llx was not written: a vCPU is running; stop all vCPUs of "
			       "the VM and try again", ULL(ptex));
		break;
	case EIO:
		code = HPT_ERR_REFUSED;
		hpt_fail_errno(err, os_errno,
			       "the kernel refused entry %#llx, and its slot is empty now: B must "
			       "be 0 or 1, and a page must lie whole in one memory slot and be no "
			       "larger than the host's pages there", ULL(ptex));
		break;
	case EINVAL:
		code = explain_einval(p, ptex, err);
		break;
	default:
		code = HPT_ERR_SYSTEM;
		hpt_fail_errno(err, os_errno, "write of entry %#llx to KVM's table", ULL(ptex));
		break;
	}
	err->code = code;
	hpt_error_set_ptex(err, ptex);
	return code;
}

/*
 * A write(2) failed, and the kernel does not say at which entry; those before it stand.
 * Writing what it held again, slot by slot, finds the place.
 */
static int find_culprit(struct plan *p, uint64_t next, int os_errno, struct hpt_error *err)
{
	unsigned char one[HPT_CHUNK_HEADER + HPT_ENTRY_BYTES];
	struct plan single = *p;
	uint64_t behind;

	/* A busy VM refuses before it looks at anything. */
	if (os_errno == EBUSY)
		return explain(p, p->at, os_errno, err);
	for (; p->at < next; p->at++) {
		size_t len;

		single.end = p->at + 1;
		len = put_chunk(&single, p->at, one, sizeof(one), &behind);
		if (write_bytes(p->fd, one, len) < 0)
			return explain(p, p->at, errno, err);
	}
	return HPT_OK; /* it passed this time */
}

static int write_part(struct plan *p, struct hpt_error *err)
{
	uint64_t next;
	size_t len = put_chunks(p, &next), whole;
	ssize_t n = write_bytes(p->fd, p->k->buffer, len);

	if (n < 0)
		return find_culprit(p, next, errno, err);
	if ((size_t)n == len) {
		p->at = next;
		return HPT_OK;
	}
	/* Less than was given: go on behind the chunks that were taken. */
	p->at += slots_in(p->k->buffer, (size_t)n < len ? (size_t)n : 0, &whole);
	if (n && whole == (size_t)n)
		return HPT_OK;
	return hpt_fail_ptex(err, HPT_ERR_SYSTEM, p->at,
			     "entry %#llx was not written: the kernel took %zu of %zu bytes, "
			     "which is no whole number of chunks", ULL(p->at), (size_t)n, len);
}

static int write_plan(struct plan *p, struct hpt_error *err)
{
	int ret = hpt_kvm_get_fd(p->k, HPT_KVM_FD_WRITE, 0, &p->fd, err);

	if (ret) {
		hpt_error_set_ptex(err, p->at);
		return ret;
	}
	while (!ret && p->at < p->end)
		ret = write_part(p, err);
	close(p->fd);
	return ret;
}

int hpt_kvm_write(void *ctx, uint64_t ptex, size_t n, const struct hpt_entry *in,
		  struct hpt_error *err)
{
	struct plan p = { .k = ctx, .at = ptex, .end = ptex + n, .in = in, .first = ptex };

	return write_plan(&p, err);
}

int hpt_kvm_clear(void *ctx, uint64_t ptex, uint64_t n, struct hpt_error *err)
{
	struct plan p = { .k = ctx, .at = ptex, .end = ptex + n };

	return write_plan(&p, err);
}
