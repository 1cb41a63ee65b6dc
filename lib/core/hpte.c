/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * One entry: bytes, forms and fields.
 */

#include "internal.h"

uint64_t hpt_be64_get(struct hpt_be64 word_be)
{
	return hpt_load_be64(&word_be);
}

struct hpt_be64 hpt_be64_make(uint64_t value)
{
	struct hpt_be64 word_be;

	hpt_store_be64(&word_be, value);
	return word_be;
}

void hpt_entries_from_bytes(const void *bytes_be, size_t n, struct hpt_entry *out)
{
	const unsigned char *p = bytes_be;

	for (size_t i = 0; i < n; i++, p += HPT_ENTRY_BYTES) {
		/* Both words are loaded before one is stored: in and out may be one. */
		uint64_t v = hpt_load_be64(p) & ~HPT_V_HYPERVISOR;
		uint64_t r = hpt_load_be64(p + 8);

		out[i] = (struct hpt_entry){ .v = v, .r = r };
	}
}

void hpt_entries_to_bytes(const struct hpt_entry *in, size_t n, void *bytes_be)
{
	unsigned char *p = bytes_be;

	for (size_t i = 0; i < n; i++, p += HPT_ENTRY_BYTES) {
		struct hpt_entry entry = in[i];

		hpt_store_be64(p, entry.v & ~HPT_V_HYPERVISOR);
		hpt_store_be64(p + 8, entry.r);
	}
}

/* Where B and what is above AVPN lie in the classic doubleword 0. */
#define V_ABOVE_V3 UINT64_C(0x3FF0000000000000)
/* Bits of the classic RPN for which the ISA 3.0 form has no place. */
#define R_ABOVE_V3 UINT64_C(0x0E00000000000000)

struct hpt_entry hpt_entry_from_v3(struct hpt_entry v3)
{
	uint64_t b = (v3.r & HPT_V3_R_B) >> HPT_V3_R_B_SHIFT;

	return (struct hpt_entry){
		.v = (v3.v & ~(HPT_V_B | V_ABOVE_V3)) | b << HPT_V_B_SHIFT,
		.r = v3.r & ~HPT_V3_R_B,
	};
}

int hpt_entry_to_v3(struct hpt_entry classic, struct hpt_entry *v3, struct hpt_error *err)
{
	uint64_t b = (classic.v & HPT_V_B) >> HPT_V_B_SHIFT;

	if (classic.v & V_ABOVE_V3)
		return hpt_fail(err, HPT_ERR_FORM,
				"doubleword 0 is %#llx: the ISA 3.0 form has no place for "
				"bits %#llx of the virtual page number",
				(unsigned long long)classic.v,
				(unsigned long long)(classic.v & V_ABOVE_V3));
	if (classic.r & R_ABOVE_V3)
		return hpt_fail(err, HPT_ERR_FORM,
				"doubleword 1 is %#llx: the ISA 3.0 form has no place for "
				"bits %#llx of the real page number",
				(unsigned long long)classic.r,
				(unsigned long long)(classic.r & R_ABOVE_V3));
	v3->v = classic.v & ~HPT_V_B;
	v3->r = classic.r | b << HPT_V3_R_B_SHIFT;
	return HPT_OK;
}

/*
 * The numbers of hpt_fields and where they lie, so that splitting and joining cannot
 * disagree. The key and pp lie in two pieces each and are named here by their halves.
 */
#define AVPN_BITS (HPT_V_AVPN >> HPT_V_AVPN_SHIFT)
#define SOFTWARE_BITS (HPT_V_SOFTWARE >> HPT_V_SOFTWARE_SHIFT)
#define RPN_SHIFT 12
#define RPN_BITS (HPT_R_RPN >> RPN_SHIFT)
#define KEY_HIGH_SHIFT 57 /* bits 60 and 61 of doubleword 1 to bits 3 and 4 of the key */
#define KEY_LOW_SHIFT 9
#define PP0_SHIFT 61 /* bit 63 of doubleword 1 to bit 2 of pp */
#define WIMG_SHIFT 3

void hpt_entry_split(struct hpt_entry entry, struct hpt_fields *out)
{
	uint64_t v = entry.v, r = entry.r;

	*out = (struct hpt_fields){
		.avpn = (v & HPT_V_AVPN) >> HPT_V_AVPN_SHIFT,
		.rpn = (r & HPT_R_RPN) >> RPN_SHIFT,
		.segment = (uint8_t)(v >> HPT_V_B_SHIFT),
		.software = (uint8_t)((v & HPT_V_SOFTWARE) >> HPT_V_SOFTWARE_SHIFT),
		.pp = (uint8_t)((r & HPT_R_PP0) >> PP0_SHIFT | (r & HPT_R_PP)),
		.key = (uint8_t)((r & HPT_R_KEY_HIGH) >> KEY_HIGH_SHIFT |
				 (r & HPT_R_KEY_LOW) >> KEY_LOW_SHIFT),
		.wimg = (uint8_t)((r & HPT_R_WIMG) >> WIMG_SHIFT),
		.large = v & HPT_V_LARGE,
		.secondary = v & HPT_V_SECONDARY,
		.valid = v & HPT_V_VALID,
		.referenced = r & HPT_R_REFERENCED,
		.changed = r & HPT_R_CHANGED,
		.no_execute = r & HPT_R_NO_EXECUTE,
		.software_r = r & HPT_R_SOFTWARE,
	};
}

static uint64_t flag(bool set, uint64_t bit)
{
	return set ? bit : 0;
}

static int check_field(const char *name, uint64_t value, uint64_t max, struct hpt_error *err)
{
	if (value <= max)
		return HPT_OK;
	return hpt_fail(err, HPT_ERR_FORM, "field %s is %#llx, expected at most %#llx", name,
			(unsigned long long)value, (unsigned long long)max);
}

static int check_fields(const struct hpt_fields *f, struct hpt_error *err)
{
	int ret = check_field("avpn", f->avpn, AVPN_BITS, err);

	if (!ret)
		ret = check_field("rpn", f->rpn, RPN_BITS, err);
	if (!ret)
		ret = check_field("segment", f->segment, 3, err);
	if (!ret)
		ret = check_field("software", f->software, SOFTWARE_BITS, err);
	if (!ret)
		ret = check_field("pp", f->pp, 7, err);
	if (!ret)
		ret = check_field("key", f->key, 31, err);
	if (!ret)
		ret = check_field("wimg", f->wimg, 15, err);
	return ret;
}

int hpt_fields_join(const struct hpt_fields *fields, struct hpt_entry *out,
		    struct hpt_error *err)
{
	const struct hpt_fields *f = fields;
	int ret = check_fields(f, err);

	if (ret)
		return ret;
	out->v = (uint64_t)f->segment << HPT_V_B_SHIFT | f->avpn << HPT_V_AVPN_SHIFT |
		 (uint64_t)f->software << HPT_V_SOFTWARE_SHIFT | flag(f->large, HPT_V_LARGE) |
		 flag(f->secondary, HPT_V_SECONDARY) | flag(f->valid, HPT_V_VALID);
	out->r = ((uint64_t)f->pp << PP0_SHIFT & HPT_R_PP0) | (f->pp & HPT_R_PP) |
		 ((uint64_t)f->key << KEY_HIGH_SHIFT & HPT_R_KEY_HIGH) |
		 ((uint64_t)f->key << KEY_LOW_SHIFT & HPT_R_KEY_LOW) | f->rpn << RPN_SHIFT |
		 (uint64_t)f->wimg << WIMG_SHIFT | flag(f->referenced, HPT_R_REFERENCED) |
		 flag(f->changed, HPT_R_CHANGED) | flag(f->no_execute, HPT_R_NO_EXECUTE) |
		 flag(f->software_r, HPT_R_SOFTWARE);
	return HPT_OK;
}
