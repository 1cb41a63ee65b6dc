/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How Linux numbers its segments: a context's number and the effective segment id side by
 * side, multiplied by a prime modulo 2^n - 1, so that neighbours hash far apart.
 */

#include "internal.h"

#define MULTIPLIER UINT64_C(12538073)
#define CONTEXT_BITS 19
#define VA_BITS 68 /* what a context's part is cut to, on every CPU */
#define VA_BITS_OLD 65
#define EA_BITS 49 /* of one context: VA_BITS - CONTEXT_BITS */

/* Bits of the effective segment id beside the context's number. */
static unsigned esid_bits(unsigned segment_shift)
{
	return EA_BITS - segment_shift;
}

static int check_shape(unsigned segment_shift, unsigned va_bits, struct hpt_error *err)
{
	if (segment_shift != SEGMENT_256M && segment_shift != SEGMENT_1T)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"Linux VSID: segment shift is %u, expected 28 or 40",
				segment_shift);
	if (va_bits != VA_BITS && va_bits != VA_BITS_OLD)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"Linux VSID: %u bits of virtual address, expected 65 or 68",
				va_bits);
	return HPT_OK;
}

/* x modulo 2^n - 1, for x below 2^63. */
static uint64_t reduce(uint64_t x, unsigned n)
{
	uint64_t m = hpt_low_bits(n);

	while (x > m)
		x = (x >> n) + (x & m);
	return x == m ? 0 : x;
}

#define HALF 20 /* two factors of 40 bits, by halves, stay below 2^60 */

/* a * b modulo 2^n - 1, for a below 2^n, b below 2^40 and n of at most 40. */
static uint64_t multiply(uint64_t a, uint64_t b, unsigned n)
{
	uint64_t high = reduce(a * (b >> HALF), n);

	return reduce((high << HALF) + a * (b & hpt_low_bits(HALF)), n);
}

static uint64_t vsid_of(uint64_t context, uint64_t ea, unsigned segment_shift,
			unsigned va_bits)
{
	unsigned bits = esid_bits(segment_shift), n = va_bits - segment_shift;
	uint64_t proto = context << bits | (ea >> segment_shift & hpt_low_bits(bits));

	return multiply(reduce(proto, n), MULTIPLIER, n);
}

int hpt_linux_vsid(uint64_t context, uint64_t ea, unsigned segment_shift, unsigned va_bits,
		   uint64_t *vsid, struct hpt_error *err)
{
	int ret = check_shape(segment_shift, va_bits, err);

	if (ret)
		return ret;
	if (context >> CONTEXT_BITS)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"Linux VSID: context is %#llx, expected at most %u bits",
				ULL(context), CONTEXT_BITS);
	*vsid = vsid_of(context, ea, segment_shift, va_bits);
	return HPT_OK;
}

/* The multiplier's inverse modulo 2^n - 1, for the four values of n. */
static uint64_t inverse_of(unsigned n)
{
	switch (n) {
	case 40:
		return UINT64_C(665548017062);
	case 37:
		return UINT64_C(61768091059);
	case 28:
		return UINT64_C(209034062);
	default:
		return UINT64_C(28874608);
	}
}

int hpt_linux_context(uint64_t vsid, unsigned segment_shift, unsigned va_bits,
		      struct hpt_linux_place *out, struct hpt_error *err)
{
	int ret = check_shape(segment_shift, va_bits, err);
	unsigned bits, n;
	uint64_t proto;

	if (ret)
		return ret;
	bits = esid_bits(segment_shift);
	n = va_bits - segment_shift;
	if (!vsid || vsid >= hpt_low_bits(n))
		return hpt_fail(err, HPT_ERR_FORM,
				"Linux VSID: %#llx is none, expected 1 to %#llx", ULL(vsid),
				ULL(hpt_low_bits(n) - 1));
	proto = multiply(vsid, inverse_of(n), n);
	out->context = proto >> bits;
	out->offset = (proto & hpt_low_bits(bits)) << segment_shift;
	return HPT_OK;
}

#define REGION_KERNEL 0xC
#define REGION_SHIFT 60

/*
 * Where the kernel's mappings lie. Linear mappings take contexts from 1 on; vmalloc, I/O and
 * vmemmap one each after those.
 */
struct layout {
	uint64_t virt_start; /* of vmalloc */
	unsigned virt_shift; /* log2 of the bytes from it to I/O, and from there to vmemmap */
	unsigned ea_shift;   /* log2 of the bytes of a context */
	unsigned linear_contexts;
};

static const struct layout layout_64k = { UINT64_C(0xC008000000000000), 49, 49, 4 };
static const struct layout layout_4k = { UINT64_C(0xC0003D0000000000), 40, 46, 1 };

#define VIRT_REGIONS 3 /* vmalloc, I/O, vmemmap */

static const struct layout *layout_of(unsigned page_shift)
{
	return page_shift == 16 ? &layout_64k : page_shift == 12 ? &layout_4k : NULL;
}

enum kind {
	NOBODY,
	USER,
	LINEAR,
	VMALLOC, /* and I/O */
	VMEMMAP,
};

static enum kind kind_of(const struct layout *l, uint64_t ea, uint64_t *context)
{
	uint64_t region = ea >> REGION_SHIFT, linear = ea & hpt_low_bits(REGION_SHIFT);

	*context = 0;
	if (!region)
		return ea >> EA_BITS ? NOBODY : USER;
	if (region != REGION_KERNEL)
		return NOBODY;
	if (ea < l->virt_start) {
		*context = 1 + (linear >> l->ea_shift);
		return *context <= l->linear_contexts ? LINEAR : NOBODY;
	}
	region = (ea - l->virt_start) >> l->virt_shift;
	if (region >= VIRT_REGIONS)
		return NOBODY;
	*context = l->linear_contexts + 1 + region;
	return region == VIRT_REGIONS - 1 ? VMEMMAP : VMALLOC;
}

uint64_t hpt_linux_kernel_context(uint64_t ea, unsigned page_shift)
{
	const struct layout *l = layout_of(page_shift);
	uint64_t context = 0;

	if (l)
		kind_of(l, ea, &context);
	return context;
}

static int check_base_shift(const char *name, uint32_t shift, uint32_t segment_shift,
			    const struct hpt_page_sizes *sizes, struct hpt_error *err)
{
	if (!shift || (shift < segment_shift && (!sizes || hpt_base_of_shift(sizes, shift))))
		return HPT_OK;
	return hpt_fail(
		err, HPT_ERR_ARGUMENT,
		"struct hpt_linux: %s is %u, which is no base page size of this CPU that "
		"fits its segment",
		name, shift);
}

static int check_base_shifts(const struct hpt_linux *r, const struct hpt_page_sizes *sizes,
			     struct hpt_error *err)
{
	uint32_t kernel = r->kernel_segment_shift;
	int ret = check_base_shift("linear_shift", r->linear_shift, kernel, sizes, err);

	if (!ret)
		ret = check_base_shift("vmalloc_shift", r->vmalloc_shift, kernel, sizes, err);
	if (!ret)
		ret = check_base_shift("vmemmap_shift", r->vmemmap_shift, kernel, sizes, err);
	if (!ret)
		ret = check_base_shift("user_shift", r->user_shift, SEGMENT_256M, sizes, err);
	return ret;
}

int hpt_check_linux(const struct hpt_linux *rule, const struct hpt_page_sizes *sizes,
		    struct hpt_error *err)
{
	int ret = hpt_check_struct(rule, sizeof(*rule), "hpt_linux", err);

	if (!ret)
		ret = check_shape(rule->kernel_segment_shift, rule->va_bits, err);
	if (!ret)
		ret = check_shape(rule->user_segment_shift, rule->va_bits, err);
	if (ret)
		return ret;
	if (!layout_of(rule->page_shift))
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"struct hpt_linux: page_shift is %u, expected 12 or 16",
				rule->page_shift);
	if (rule->user_context >> CONTEXT_BITS)
		return hpt_fail(
			err, HPT_ERR_ARGUMENT,
			"struct hpt_linux: user_context is %#llx, expected at most %u bits",
			ULL(rule->user_context), CONTEXT_BITS);
	return check_base_shifts(rule, sizes, err);
}

static uint32_t base_shift_of(const struct hpt_linux *rule, enum kind kind)
{
	switch (kind) {
	case LINEAR:
		return rule->linear_shift;
	case VMALLOC:
		return rule->vmalloc_shift;
	case VMEMMAP:
		return rule->vmemmap_shift;
	default:
		return rule->user_shift;
	}
}

/* Segments of users below this are of 256M. */
#define USER_HIGH (UINT64_C(1) << SEGMENT_1T)

bool hpt_linux_find(const struct hpt_linux *rule, uint64_t ea, struct hpt_linux_segment *out)
{
	uint64_t context, vsid, flags = HPT_SLB_KP;
	enum kind kind = kind_of(layout_of(rule->page_shift), ea, &context);
	unsigned shift = rule->kernel_segment_shift;

	if (kind == USER) {
		context = rule->user_context;
		shift = ea < USER_HIGH ? SEGMENT_256M : rule->user_segment_shift;
		flags |= HPT_SLB_KS | HPT_SLB_C;
	}
	if (!context)
		return false;
	vsid = vsid_of(context, ea, shift, rule->va_bits);
	out->entry.esid = ea >> shift << shift | HPT_SLB_VALID;
	out->entry.vsid =
		flags | (shift == SEGMENT_1T ? UINT64_C(1) << HPT_SLB_B_SHIFT | vsid << 24
					     : vsid << 12);
	out->base_shift = base_shift_of(rule, kind);
	return true;
}

int hpt_linux_segment(const struct hpt_linux *rule, const struct hpt_page_sizes *sizes,
		      uint64_t ea, struct hpt_slb_entry *out, struct hpt_error *err)
{
	struct hpt_linux_segment found = { .entry = { 0, 0 } };
	const struct hpt_base_size *base;
	int ret;

	if (!sizes)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "Linux segment: no page sizes");
	ret = hpt_check_linux(rule, sizes, err);
	if (ret)
		return ret;
	if (hpt_linux_find(rule, ea, &found)) {
		base = hpt_base_of_shift(sizes, found.base_shift ? found.base_shift : 12);
		if (!base)
			return hpt_fail(err, HPT_ERR_ARGUMENT,
					"Linux segment: this CPU has no base pages of 4K");
		found.entry.vsid |= base->slb_enc;
	}
	*out = found.entry;
	return HPT_OK;
}

int hpt_linux_ea(const struct hpt_linux *rule, const struct hpt_va *va, uint64_t *context,
		 uint64_t *ea, struct hpt_error *err)
{
	const struct layout *l;
	struct hpt_linux_place place;
	uint64_t start = 0, virt;
	int ret = hpt_check_linux(rule, NULL, err);

	if (!ret)
		ret = hpt_linux_context(va->vsid, va->segment_shift, rule->va_bits, &place,
					err);
	if (ret)
		return ret;
	l = layout_of(rule->page_shift);
	virt = place.context - l->linear_contexts - 1;
	if (place.context && place.context <= l->linear_contexts)
		start = (uint64_t)REGION_KERNEL << REGION_SHIFT | (place.context - 1)
									  << l->ea_shift;
	else if (place.context > l->linear_contexts && virt < VIRT_REGIONS)
		start = (l->virt_start + (virt << l->virt_shift)) >> EA_BITS << EA_BITS;
	*context = place.context;
	*ea = start | place.offset | va->offset;
	return HPT_OK;
}
