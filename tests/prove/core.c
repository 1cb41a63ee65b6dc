/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where EVA begins in lib/core: every function that others may call, with any input that their
 * descriptions allow.
 */

#include "block.h"
#include "internal.h"
#include "match.h"
#include "prove.h"

#define ENTRIES 4

static void fields(struct hpt_entry in)
{
	struct hpt_fields apart;
	struct hpt_entry out;
	struct hpt_error err;

	hpt_entry_split(in, &apart);
	/*@ assert apart.segment <= 3 && apart.pp <= 7 && apart.key <= 31 && apart.wimg <= 15; */
	any_bytes(&apart, sizeof(apart));
	apart.large = any_bool();
	apart.secondary = any_bool();
	apart.valid = any_bool();
	apart.referenced = any_bool();
	apart.changed = any_bool();
	apart.no_execute = any_bool();
	apart.software_r = any_bool();
	hpt_fields_join(&apart, &out, any_error(&err));
}

void entries(void)
{
	struct hpt_entry in = any_entry(), out, list[ENTRIES];
	unsigned char bytes[HPT_ENTRY_BYTES * ENTRIES];
	struct hpt_error err;

	any_bytes(bytes, sizeof(bytes));
	hpt_entries_from_bytes(bytes, any_size(0, ENTRIES), list);
	any_bytes(list, sizeof(list));
	hpt_entries_to_bytes(list, any_size(0, ENTRIES), bytes);
	hpt_be64_get(hpt_be64_make(in.v));
	hpt_entry_from_v3(in);
	hpt_entry_to_v3(in, &out, any_error(&err));
	hpt_entry_ra(in, any_unsigned(12, 59));
	fields(in);
}

void virtual_addresses(void)
{
	struct hpt_va va = { any_u64(), any_u64(), 28 }, out;
	struct hpt_error err;

	va.segment_shift = any_bool() ? 28 : 40;
	hpt_va_hash(&va, any_unsigned(12, 34));
	hpt_va_avpn(&va, any_unsigned(12, 34));
	hpt_hash_pteg(any_u64(), any_unsigned(HPT_ORDER_MIN, HPT_ORDER_MAX), any_bool());
	hpt_entry_va(any_entry(), any_u64(), any_unsigned(0, UINT32_MAX),
		     any_unsigned(0, UINT32_MAX), &out, any_error(&err));
}

/* All bases have as many actual sizes, any number: none knows of the others. */
static struct hpt_page_sizes any_sizes(void)
{
	struct hpt_page_sizes sizes = { .size = sizeof(sizes) };

	sizes.n = any_unsigned(0, HPT_BASE_SIZES_MAX);
	for (unsigned i = 0; i < HPT_BASE_SIZES_MAX; i++) {
		struct hpt_base_size *base = &sizes.base[i];

		base->shift = any_unsigned(12, 59);
		for (unsigned j = 0; j < HPT_ACTUAL_SIZES_MAX; j++) {
			base->actual[j].shift = any_unsigned(12, 59);
			base->actual[j].lp = any_unsigned(0, UINT32_MAX);
		}
	}
	for (unsigned i = 0, n = (unsigned)each(0, HPT_ACTUAL_SIZES_MAX);
	     i < HPT_BASE_SIZES_MAX; i++)
		sizes.base[i].n = n;
	return sizes;
}

#define INFO_BYTES 600 /* of a struct kvm_ppc_smmu_info, and some more */
#define CELLS_BYTES 64 /* three records and a piece, or one that has no end */

void page_sizes_read(void)
{
	struct hpt_page_sizes sizes;
	unsigned char info[INFO_BYTES];
	struct hpt_error err;

	any_bytes(info, sizeof(info));
	hpt_page_sizes_from_smmu(info, any_size(0, sizeof(info)),
				 any_bool() ? HPT_BIG_ENDIAN : HPT_LITTLE_ENDIAN, &sizes,
				 any_error(&err));
	hpt_page_sizes_from_cells(info, any_size(0, CELLS_BYTES), &sizes, any_error(&err));
}

static void read_entries(const struct hpt_page_sizes *sizes)
{
	struct hpt_page page;
	struct hpt_error err;

	hpt_entry_page(sizes, any_entry(), &page, any_error(&err));
	hpt_entry_page_in(sizes, any_entry(), any_unsigned(0, UINT32_MAX), &page,
			  any_error(&err));
}

void page_sizes_known(void)
{
	const struct hpt_page_sizes *known = hpt_page_sizes_of((enum hpt_processor)any_int());

	if (known)
		read_entries(
			hpt_page_sizes_of((enum hpt_processor)each(0, HPT_CPU_COUNT - 1)));
}

void page_sizes(void)
{
	struct hpt_page_sizes sizes = any_sizes();

	read_entries(&sizes);
}

void blocks(void)
{
	struct hpt_raw_entry raw[HPT_BLOCK];
	struct hpt_entry list[HPT_BLOCK];

	any_bytes(raw, sizeof(raw));
	hpt_block_valid(raw, any_bool());
	hpt_block_take(raw, list, any_bool());
	hpt_match(raw, any_unsigned(0, HPT_BLOCK), any_u64(), any_u64(), hpt_have_avx2());
}

#define TEXT_BYTES 40
#define OPTION_BYTES 48

static void any_text(char *text)
{
	any_bytes(text, TEXT_BYTES);
	text[TEXT_BYTES - 1] = '\0';
}

/* Every conversion and flag, and room for all, a part or the NUL alone. */
void formats(void)
{
	char text[TEXT_BYTES], out[TEXT_BYTES];

	any_text(text);
	hpt_format(out, any_size(1, sizeof(out)), "%% %c%q", any_int());
	hpt_format(out, any_size(1, sizeof(out)), "%s%9s%.3s", text, text, text);
	hpt_format(out, any_size(1, sizeof(out)), "%d%ld", any_int(), (long)any_u64());
	hpt_format(out, any_size(1, sizeof(out)), "%lld%zd", (long long)any_u64(),
		   (ptrdiff_t)any_u64());
	hpt_format(out, any_size(1, sizeof(out)), "%u%lu", any_unsigned(0, UINT32_MAX),
		   (unsigned long)any_u64());
	hpt_format(out, any_size(1, sizeof(out)), "%llu%zu", (unsigned long long)any_u64(),
		   (size_t)any_u64());
	hpt_format(out, any_size(1, sizeof(out)), "%x%#x", any_unsigned(0, UINT32_MAX),
		   any_unsigned(0, UINT32_MAX));
	hpt_format(out, any_size(1, sizeof(out)), "%016llx%#0999llx%",
		   (unsigned long long)any_u64(), (unsigned long long)any_u64());
}

void codes(void)
{
	struct hpt_error err;

	hpt_code_text(any_int());
	hpt_code_name(any_int());
	hpt_error_fill(&err, each(HPT_ERR_STOPPED - 1, 1), any_int(), NULL);
}

/* Of the C library, and GNU's own. */
const char *strerrordesc_np(int number)
{
	return number > 0 && any_bool() ? "a name of some length" : NULL;
}

void errors(void)
{
	struct hpt_error err;
	char text[TEXT_BYTES];

	any_text(text);
	hpt_error_fill(any_error(&err), any_int(), any_int(), text);
	any_bytes(&err, sizeof(err));
	hpt_error_prepend(any_error(&err), text);
	hpt_error_set_ptex(any_error(&err), any_u64());
	hpt_error_set_offset(any_error(&err), any_u64());
	hpt_fail_address(any_error(&err), any_int(), any_u64(), "%s", text);
	hpt_fail_errno(any_error(&err), any_int(), "%s", text);
}

void options(void)
{
	unsigned char from[OPTION_BYTES], to[OPTION_BYTES / 2];
	size_t size = any_size(0, sizeof(from));
	struct hpt_error err;

	any_bytes(from, sizeof(from));
	memcpy(from, &size, sizeof(size));
	hpt_options_in(to, sizeof(to), any_size(sizeof(size), sizeof(to)),
		       any_bool() ? from : NULL, "options", any_error(&err));
	any_bytes(to, sizeof(to));
	hpt_result_out(any_bool() ? from : NULL, any_size(sizeof(size), sizeof(to)), to,
		       sizeof(to), "result", any_error(&err));
	hpt_check_order(any_unsigned(0, UINT32_MAX), any_unsigned(0, UINT32_MAX),
			any_error(&err));
}

/* What no description allows, and EVA must find. */
void beyond(void)
{
	struct hpt_va va = { any_u64(), any_u64(), 28 };

	hpt_va_hash(&va, any_unsigned(12, 64));
}
