/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A saved guest's memory by real and by effective address. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define PAGE_SHIFT_MAX 63
#define STEP_SHIFT 16

static int fail_address(struct hpt_error *err, int code, uint64_t address, const char *text)
{
	guest_fail(err, code, "%s", text);
	if (err) {
		err->address = address;
		err->has |= HPT_ERROR_HAS_ADDRESS;
	}
	return code;
}

static int no_ram(struct hpt_error *err, uint64_t ra)
{
	char text[80];

	snprintf(text, sizeof(text), "real address 0x%llx: there is no RAM",
		 (unsigned long long)ra);
	return fail_address(err, HPT_ERR_RANGE, ra, text);
}

/* A page could not be had: say at which address, too. The place in its block goes. */
static int page_failed(struct hpt_error *err, int code, uint64_t ra)
{
	char text[80];

	if (!err)
		return code;
	snprintf(text, sizeof(text), "real address 0x%llx", (unsigned long long)ra);
	hpt_error_prepend(err, text);
	err->address = ra;
	err->has |= HPT_ERROR_HAS_ADDRESS;
	return code;
}

/* What of [ra, ra + len) lies in one page of a block: where, and how much. */
static size_t in_page(const struct guest_region *region, uint64_t ra, size_t len,
		      uint64_t *page, size_t *offset)
{
	uint64_t at = region->offset + (ra - region->ra);
	uint64_t left = region->length - (ra - region->ra);
	size_t n;

	*page = at / HPT_QEMU_PAGE;
	*offset = (size_t)(at % HPT_QEMU_PAGE);
	n = HPT_QEMU_PAGE - *offset;
	if (n > left)
		n = (size_t)left;
	return n < len ? n : len;
}

/* Likewise of a core, at most a page. */
static int read_core(const struct hpt_guest *guest, const struct guest_region *region,
		     uint64_t ra, size_t n, unsigned char *bytes, struct hpt_error *err)
{
	unsigned char unused[HPT_QEMU_PAGE];

	return guest_core_read(guest, region, ra, n, bytes ? bytes : unused, err);
}

static int kdump_piece(const struct hpt_guest *guest, uint64_t ra, size_t len,
		       unsigned char *bytes, size_t *n, struct hpt_error *err)
{
	int r = guest_kdump_read(guest->kdump, ra, len, bytes, n, err);

	return r ? page_failed(err, r, ra) : 0;
}

/*
 * Read what lies in the first page of the range; NULL bytes: only see whether it is in the
 * file. Some bytes may be put out on failure.
 */
static int read_piece(const struct hpt_guest *guest, uint64_t ra, size_t len,
		      unsigned char *bytes, size_t *n, struct hpt_error *err)
{
	const struct guest_region *region = guest_map_find(&guest->state, ra);
	size_t offset, records;
	uint64_t page;
	int r;

	/* Between two regions nothing answers: a hole is never taken for zeros. */
	if (!region)
		return no_ram(err, ra);
	if (guest->kdump)
		return kdump_piece(guest, ra, len, bytes, n, err);
	*n = in_page(region, ra, len, &page, &offset);
	if (guest->core) {
		r = read_core(guest, region, ra, *n, bytes, err);
		return r ? page_failed(err, r, ra) : 0;
	}
	if (bytes)
		r = guest_page_part(guest, region->block, page, offset, *n, bytes, err);
	else
		r = hpt_qemu_page(guest->qemu, region->block, page, NULL, 0, &records, err);
	return r ? page_failed(err, r, ra) : 0;
}

static int read_pieces(const struct hpt_guest *guest, uint64_t ra, size_t len,
		       unsigned char *bytes, struct hpt_error *err)
{
	size_t n = 0, done;
	int r = 0;

	for (done = 0; !r && done < len; done += n) {
		if (ra > UINT64_MAX - done)
			return no_ram(err, UINT64_MAX);
		r = read_piece(guest, ra + done, len - done, bytes ? bytes + done : NULL, &n,
			       err);
	}
	return r;
}

/* What is read goes through a buffer, for nothing is put out when not all can be had. */
struct bounce {
	unsigned char few[HPT_QEMU_PAGE];
	unsigned char *bytes;
};

static int bounce_begin(struct bounce *bounce, size_t len, struct hpt_error *err)
{
	bounce->bytes = len > sizeof(bounce->few) ? malloc(len) : bounce->few;
	if (!bounce->bytes)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for %zu bytes of a guest",
				  len);
	return 0;
}

static int bounce_end(struct bounce *bounce, int r, void *out, size_t len)
{
	if (!r && len)
		memcpy(out, bounce->bytes, len);
	if (bounce->bytes != bounce->few)
		free(bounce->bytes);
	return r;
}

/* A range of more than a page is looked at first: one with a hole in it may be any length. */
static int memory_read(void *ctx, uint64_t ra, size_t len, void *bytes, struct hpt_error *err)
{
	const struct hpt_guest *guest = ctx;
	struct bounce bounce;
	int r = 0;

	if (len > sizeof(bounce.few))
		r = read_pieces(guest, ra, len, NULL, err);
	if (!r)
		r = bounce_begin(&bounce, len, err);
	if (r)
		return r;
	r = read_pieces(guest, ra, len, bounce.bytes, err);
	return bounce_end(&bounce, r, bytes, len);
}

static const void *memory_view(void *ctx, uint64_t ra, size_t len)
{
	const struct hpt_guest *guest = ctx;
	const struct guest_region *region = guest_map_find(&guest->state, ra);
	const unsigned char *view;
	size_t offset;
	uint64_t page;

	if (!region || guest->core || guest->kdump || in_page(region, ra, len, &page, &offset) < len)
		return NULL;
	view = guest_page_view(guest, region->block, page);
	return view ? view + offset : NULL;
}

const struct hpt_memory_ops guest_memory_ops = {
	.size = sizeof(struct hpt_memory_ops),
	.read = memory_read,
	.view = memory_view,
};

/* Is there memory that can be reached? */
static int check_memory(const struct hpt_guest *guest, struct hpt_error *err)
{
	int r = guest_state_check(guest, "memory", err);

	if (r)
		return r;
	if (!guest->kdump && !guest_source_plain(&guest->source) && guest->spool < 0)
		return guest_fail(err, HPT_ERR_UNSUPPORTED,
				  "memory: this source can only be read "
				  "forward (compressed, or a pipe): open it with "
				  "HPT_GUEST_MEMORY");
	if (!guest->state.n_regions)
		return guest_fail(err, HPT_ERR_RANGE,
				  "memory: the file has no RAM whose place is "
				  "known");
	return 0;
}

int hpt_guest_memory(const struct hpt_guest *guest, const struct hpt_memory_ops **ops,
		     void **ctx, struct hpt_error *err)
{
	union {
		const struct hpt_guest *constant;
		void *ctx;
	} handle = { .constant = guest };
	int r;

	if (!guest || !ops || !ctx)
		return guest_fail(err, HPT_ERR_ARGUMENT, "hpt_guest_memory: a NULL");
	r = check_memory(guest, err);
	if (r)
		return r;
	*ops = &guest_memory_ops;
	*ctx = handle.ctx; /* nothing is written through it */
	return 0;
}

int hpt_guest_read(const struct hpt_guest *guest, uint64_t ra, size_t len, void *bytes,
		   struct hpt_error *err)
{
	const struct hpt_memory_ops *ops;
	void *ctx;
	int r;

	if (!guest || (!bytes && len))
		return guest_fail(err, HPT_ERR_ARGUMENT, "hpt_guest_read: a NULL");
	r = hpt_guest_memory(guest, &ops, &ctx, err);
	return r ? r : ops->read(ctx, ra, len, bytes, err);
}

/* A look: which vCPU, which table. Made once for a range, however many pages it has. */
struct look {
	const struct hpt_guest *guest;
	struct hpt_cpu cpu;
	struct hpt_table *table;
};

static int begin_look(struct look *look, struct hpt_guest *guest, size_t vcpu,
		      struct hpt_error *err)
{
	int r;

	memset(look, 0, sizeof(*look));
	look->guest = guest;
	look->cpu.size = sizeof(look->cpu);
	r = check_memory(guest, err);
	if (!r)
		r = hpt_guest_cpu(guest, vcpu, &look->cpu, err);
	if (r)
		return r;
	r = hpt_guest_table(guest, &look->table, err);
	/* Real mode needs no table: a radix guest that is in it can be read. */
	if (r == HPT_ERR_NO_HPT && !(look->cpu.msr & HPT_MSR_DR))
		r = 0;
	return r;
}

static int not_mapped(struct hpt_error *err, uint64_t ea, enum hpt_outcome outcome)
{
	char text[120];

	snprintf(text, sizeof(text), "effective address 0x%llx: %s", (unsigned long long)ea,
		 hpt_outcome_name(outcome));
	return fail_address(err, HPT_ERR_RANGE, ea, text);
}

/* Where the first page of the range is, and how much of the range lies in it. */
static int look_up(const struct look *look, uint64_t ea, size_t len, uint64_t *ra, size_t *n,
		   struct hpt_error *err)
{
	struct hpt_translation t = { .size = sizeof(t) };
	unsigned int shift;
	uint64_t left;
	int r = hpt_translate(&look->cpu, look->table, ea, HPT_ACCESS_READ, HPT_XLATE_DEBUG,
			      &t, err);

	if (r)
		return r;
	if (!(t.has & HPT_HAS_RA))
		return not_mapped(err, ea, t.outcome);
	/* Real mode has no pages: a step is as good as any other. */
	shift = t.page_shift && t.page_shift <= PAGE_SHIFT_MAX ? t.page_shift : STEP_SHIFT;
	left = (UINT64_C(1) << shift) - (ea & ((UINT64_C(1) << shift) - 1));
	*ra = t.ra;
	*n = left < len ? (size_t)left : len;
	return 0;
}

/* Read, or with NULL bytes only see whether all of it can be. */
static int read_range(const struct look *look, uint64_t ea, size_t len, unsigned char *bytes,
		      struct hpt_error *err)
{
	size_t done, n = 0, part, piece = 0;
	uint64_t ra = 0;
	int r = 0;

	for (done = 0; !r && done < len; done += n) {
		r = look_up(look, ea + done, len - done, &ra, &n, err);
		for (part = 0; !r && part < n; part += piece) {
			r = read_piece(look->guest, ra + part, n - part,
				       bytes ? bytes + done + part : NULL, &piece, err);
			if (r && err) {
				err->address = ea + done + part;
				err->has |= HPT_ERROR_HAS_ADDRESS;
			}
		}
	}
	return r;
}

int hpt_guest_read_ea(struct hpt_guest *guest, size_t vcpu, uint64_t ea, size_t len,
		      void *bytes, struct hpt_error *err)
{
	struct bounce bounce;
	struct look look;
	int r;

	if (!guest || (!bytes && len))
		return guest_fail(err, HPT_ERR_ARGUMENT, "hpt_guest_read_ea: a NULL");
	if (len && ea > UINT64_MAX - (len - 1))
		return fail_address(err, HPT_ERR_RANGE, ea,
				    "the range leads beyond the last "
				    "effective address");
	r = begin_look(&look, guest, vcpu, err);
	if (!r)
		r = read_range(&look, ea, len, NULL, err);
	if (!r)
		r = bounce_begin(&bounce, len, err);
	if (r)
		return r;
	r = read_range(&look, ea, len, bounce.bytes, err);
	return bounce_end(&bounce, r, bytes, len);
}
