/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Page sizes: what processors and hypervisors know, and what an entry says.
 */

#include "internal.h"

#define K4 { 12, 0x0 }
#define K64_IN_4 { 16, 0x7 }
#define K64 { 16, 0x1 }
#define M1 { 20, 0x2 }
#define M16_IN_4 { 24, 0x38 }
#define M16_IN_64 { 24, 0x8 }
#define M16 { 24, 0x0 }
#define G16 { 34, 0x3 }

#define HEAD(f, slb, data, fetch)                                                             \
	.size = sizeof(struct hpt_page_sizes), .flags = (f), .slb_entries = (slb),            \
	.data_keys = (data), .fetch_keys = (fetch)

/* An encoding's bits, whatever stands between L and LP. */
#define ENCODING(name) (UINT32_C(0x1111) << HPT_ENCODING_##name)
#define ENCODINGS_PLAIN (ENCODING(4K) | ENCODING(64K) | ENCODING(16M) | ENCODING(16G))

/* POWER7, 9 and 10: every mix of 4K, 64K and 16M, and 16G. Keys for fetches need IAMR. */
#define MIXED_SIZES(fetch)                                                                    \
	{                                                                                     \
		HEAD(HPT_SIZES_1T, 32, 32, fetch), .n = 4,                                           \
		.base = {                                                                     \
			{ 12, 0x000, 3, { K4, K64_IN_4, M16_IN_4 } },                         \
			{ 16, 0x110, 2, { K64, M16_IN_64 } },                                 \
			{ 24, 0x100, 1, { M16 } },                                            \
			{ 34, 0x120, 1, { G16 } },                                            \
		},                                                                            \
	}

/* POWER5+ and POWER6: each base page is its own actual page. */
#define PLAIN_SIZES                                                                           \
	{                                                                                     \
		HEAD(HPT_SIZES_1T, 64, 0, 0), .n = 4,                                           \
		.base = {                                                                     \
			{ 12, 0x000, 1, { K4 } },                                             \
			{ 16, 0x110, 1, { K64 } },                                            \
			{ 24, 0x100, 1, { M16 } },                                            \
			{ 34, 0x120, 1, { G16 } },                                            \
		},                                                                            \
	}

const struct hpt_own_sizes hpt_own_sizes[HPT_CPU_COUNT] = {
	[HPT_CPU_970] = {
		.encodings = ENCODING(4K) | ENCODING(16M),
		.sizes = {
			HEAD(0, 64, 0, 0), .n = 2,
			.base = { { 12, 0x000, 1, { K4 } }, { 24, 0x100, 1, { M16 } } },
		},
	},
	[HPT_CPU_POWER5P] = { PLAIN_SIZES, ENCODINGS_PLAIN },
	[HPT_CPU_POWER6] = { PLAIN_SIZES, ENCODINGS_PLAIN },
	[HPT_CPU_POWER7] = { MIXED_SIZES(0), ENCODINGS_PLAIN },
	[HPT_CPU_POWER8] = {
		.encodings = ENCODINGS_PLAIN | ENCODING(1M),
		.sizes = {
			HEAD(HPT_SIZES_1T, 32, 32, 32), .n = 5,
			.base = {
				{ 12, 0x000, 3, { K4, K64_IN_4, M16_IN_4 } },
				{ 16, 0x110, 2, { K64, M16_IN_64 } },
				{ 20, 0x130, 1, { M1 } },
				{ 24, 0x100, 1, { M16 } },
				{ 34, 0x120, 1, { G16 } },
			},
		},
	},
	[HPT_CPU_POWER9] = { MIXED_SIZES(32), ENCODINGS_PLAIN },
	[HPT_CPU_POWER10] = { MIXED_SIZES(32), ENCODINGS_PLAIN },
};

const struct hpt_page_sizes *hpt_page_sizes_of(enum hpt_processor processor)
{
	/* As unsigned, since C leaves the enum's signedness open. */
	if ((unsigned)processor >= HPT_CPU_COUNT)
		return NULL;
	return &hpt_own_sizes[processor].sizes;
}

#define SLB_ENC_MASK 0x130u /* L and LP of an SLB entry's second word */
#define SHIFT_MIN 12u
#define SHIFT_MAX 59u

/* Bits of the real page number below the page's size, with which LP is told. */
static uint64_t lp_mask(unsigned actual_shift)
{
	return (UINT64_C(1) << actual_shift) - 1;
}

/* A source of numbers: the two outer forms differ only in how one is fetched. */
struct cells {
	const unsigned char *bytes;
	size_t len;
	size_t at; /* offset, in bytes */
	uint32_t (*load)(const void *p);
};

static uint32_t next_cell(struct cells *c)
{
	uint32_t value = c->load(c->bytes + c->at);

	c->at += sizeof(value);
	return value;
}

static int check_encoding(const struct hpt_base_size *base,
			  const struct hpt_page_encoding *actual, size_t at,
			  struct hpt_error *err)
{
	if (actual->shift < base->shift || actual->shift > SHIFT_MAX)
		return hpt_fail_offset(err, HPT_ERR_FORMAT, at,
				       "actual page shift is %u at byte %zu, expected %u (its "
				       "base) to %u", actual->shift, at, base->shift, SHIFT_MAX);
	if (actual->lp > lp_mask(actual->shift) >> SHIFT_MIN)
		return hpt_fail_offset(err, HPT_ERR_FORMAT, at,
				       "page encoding is %#x at byte %zu, which has no room "
				       "below the real page number of a page of 2^%u bytes",
				       actual->lp, at, actual->shift);
	return HPT_OK;
}

static int check_base(const struct hpt_base_size *base, size_t at, struct hpt_error *err)
{
	if (base->shift < SHIFT_MIN || base->shift > SHIFT_MAX)
		return hpt_fail_offset(err, HPT_ERR_FORMAT, at,
				       "base page shift is %u at byte %zu, expected %u to %u",
				       base->shift, at, SHIFT_MIN, SHIFT_MAX);
	if (base->slb_enc & ~SLB_ENC_MASK)
		return hpt_fail_offset(err, HPT_ERR_FORMAT, at,
				       "segment encoding is %#x at byte %zu, expected bits of "
				       "%#x only", base->slb_enc, at, SLB_ENC_MASK);
	return HPT_OK;
}

/* Read @n pairs {shift, encoding}; KVM ends its list early with a shift of 0. */
static int read_encodings(struct cells *c, struct hpt_base_size *base, uint32_t n,
			  bool zero_ends, struct hpt_error *err)
{
	int ret;

	for (uint32_t i = 0; i < n; i++) {
		size_t at = c->at;
		struct hpt_page_encoding actual;

		actual.shift = next_cell(c);
		actual.lp = next_cell(c);
		if (zero_ends && !actual.shift)
			continue;
		ret = check_encoding(base, &actual, at, err);
		if (ret)
			return ret;
		base->actual[base->n++] = actual;
	}
	return HPT_OK;
}

#define SMMU_INFO_BYTES 592u /* struct kvm_ppc_smmu_info */
#define SMMU_INFO_1T 2u      /* KVM_PPC_1T_SEGMENTS */

int hpt_page_sizes_from_smmu(const void *info, size_t len, enum hpt_byte_order order,
			     struct hpt_page_sizes *out, struct hpt_error *err)
{
	const unsigned char *p = info;
	bool big = order == HPT_BIG_ENDIAN;
	struct cells c = { p, len, 16, big ? hpt_load_be32 : hpt_load_le32 };
	struct hpt_page_sizes sizes = { .size = sizeof(sizes) };
	int ret;

	if (len < SMMU_INFO_BYTES)
		return hpt_fail_offset(err, HPT_ERR_TRUNCATED, len,
				       "struct kvm_ppc_smmu_info has %zu bytes, expected %u", len,
				       SMMU_INFO_BYTES);
	if ((big ? hpt_load_be64(p) : hpt_load_le64(p)) & SMMU_INFO_1T)
		sizes.flags |= HPT_SIZES_1T;
	sizes.slb_entries = c.load(p + 8);
	sizes.data_keys = big ? hpt_load_be16(p + 12) : hpt_load_le16(p + 12);
	sizes.fetch_keys = big ? hpt_load_be16(p + 14) : hpt_load_le16(p + 14);
	for (unsigned i = 0; i < HPT_BASE_SIZES_MAX; i++) {
		size_t at = c.at;
		struct hpt_base_size base = { .shift = next_cell(&c) };

		base.slb_enc = next_cell(&c);
		if (!base.shift) { /* an unused record */
			c.at += (size_t)8 * HPT_ACTUAL_SIZES_MAX;
			continue;
		}
		ret = check_base(&base, at, err);
		if (!ret)
			ret = read_encodings(&c, &base, HPT_ACTUAL_SIZES_MAX, true, err);
		if (ret)
			return ret;
		sizes.base[sizes.n++] = base;
	}
	*out = sizes;
	return HPT_OK;
}

/* One record of ibm,segment-page-sizes: {base shift, encoding, n, n pairs}. */
static int read_record(struct cells *c, struct hpt_page_sizes *sizes, struct hpt_error *err)
{
	size_t at = c->at;
	struct hpt_base_size base = { 0 };
	uint32_t n;
	int ret;

	if (c->len - at < 12)
		return hpt_fail_offset(err, HPT_ERR_TRUNCATED, at,
				       "%zu bytes are left at byte %zu, expected three cells of "
				       "a base page size", c->len - at, at);
	if (sizes->n == HPT_BASE_SIZES_MAX)
		return hpt_fail_offset(err, HPT_ERR_FORMAT, at,
				       "more than %u base page sizes", HPT_BASE_SIZES_MAX);
	base.shift = next_cell(c);
	base.slb_enc = next_cell(c);
	n = next_cell(c);
	ret = check_base(&base, at, err);
	if (ret)
		return ret;
	if (n > HPT_ACTUAL_SIZES_MAX)
		return hpt_fail_offset(err, HPT_ERR_FORMAT, at + 8,
				       "%u actual page sizes at byte %zu, expected at most %u", n,
				       at + 8, HPT_ACTUAL_SIZES_MAX);
	if ((c->len - c->at) / 8 < n)
		return hpt_fail_offset(err, HPT_ERR_TRUNCATED, c->at,
				       "%zu bytes are left at byte %zu, expected %u pairs of "
				       "cells", c->len - c->at, c->at, n);
	ret = read_encodings(c, &base, n, false, err);
	if (!ret)
		sizes->base[sizes->n++] = base;
	return ret;
}

int hpt_page_sizes_from_cells(const void *cells_be, size_t len, struct hpt_page_sizes *out,
			      struct hpt_error *err)
{
	struct cells c = { cells_be, len, 0, hpt_load_be32 };
	struct hpt_page_sizes sizes = { .size = sizeof(sizes) };
	int ret;

	while (c.at < len) {
		ret = read_record(&c, &sizes, err);
		if (ret)
			return ret;
	}
	*out = sizes;
	return HPT_OK;
}

static bool find_page(const struct hpt_base_size *base, struct hpt_entry entry,
		      struct hpt_page *out)
{
	uint32_t i = hpt_page_of(base, entry);

	if (i == base->n)
		return false;
	out->base_shift = (uint8_t)base->shift;
	out->actual_shift = (uint8_t)base->actual[i].shift;
	return true;
}

static int no_page(struct hpt_entry entry, struct hpt_error *err)
{
	return hpt_fail(err, HPT_ERR_PAGE_SIZE,
			"L is %u and the low bits of the real page number are %#x: no page size "
			"that is supported there", entry.v & HPT_V_LARGE ? 1u : 0u,
			(unsigned)((entry.r & HPT_R_LP) >> SHIFT_MIN));
}

int hpt_entry_page(const struct hpt_page_sizes *sizes, struct hpt_entry entry,
		   struct hpt_page *out, struct hpt_error *err)
{
	for (uint32_t i = 0; i < sizes->n; i++)
		if (find_page(&sizes->base[i], entry, out))
			return HPT_OK;
	return no_page(entry, err);
}

int hpt_entry_page_in(const struct hpt_page_sizes *sizes, struct hpt_entry entry,
		      unsigned base_shift, struct hpt_page *out, struct hpt_error *err)
{
	for (uint32_t i = 0; i < sizes->n; i++)
		if (sizes->base[i].shift == base_shift &&
		    find_page(&sizes->base[i], entry, out))
			return HPT_OK;
	return no_page(entry, err);
}

uint64_t hpt_entry_ra(struct hpt_entry entry, unsigned actual_shift)
{
	return entry.r & HPT_R_RPN & ~lp_mask(actual_shift);
}
