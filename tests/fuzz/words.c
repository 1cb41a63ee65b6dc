/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What is made of bytes of fixed forms: entries in both forms, page sizes as the kernel and the
 * device tree tell them, a vCPU's segments as KVM and the SLB shadow buffer have them, Linux's
 * numbering, a table's place, segment tables.
 *
 * Input: kind; then the bytes.
 */
#include "fuzz.h"

static void failed_well(int ret, const struct hpt_error *err)
{
	if (ret)
		check_error(ret, err);
}

static void see_entry(struct input *in)
{
	struct hpt_entry e = { take(in, 8), take(in, 8) }, back, v3;
	unsigned order = HPT_ORDER_MIN + (unsigned)take_below(in, 29);
	enum hpt_processor processor = (enum hpt_processor)take_below(in, HPT_CPU_COUNT);
	uint64_t ptex = take(in, 8) & ((UINT64_C(1) << (order - 4)) - 1);
	struct hpt_fields fields;
	struct hpt_error err;
	struct hpt_page page;
	struct hpt_va va;
	int ret;

	hpt_entry_split(e, &fields);
	ret = hpt_fields_join(&fields, &back, &err);
	CHECK(!ret, "%s", err.text);
	CHECK(back.v == e.v && back.r == e.r, "%llx %llx", (unsigned long long)back.v,
	      (unsigned long long)back.r);
	ret = hpt_entry_to_v3(e, &v3, &err);
	failed_well(ret, &err);
	if (!ret) {
		back = hpt_entry_from_v3(v3);
		CHECK(back.v == e.v && back.r == e.r, "%llx %llx", (unsigned long long)back.v,
		      (unsigned long long)back.r);
	}
	ret = hpt_entry_page(hpt_page_sizes_of(processor), e, &page, &err);
	failed_well(ret, &err);
	if (ret)
		return;
	CHECK(page.base_shift <= page.actual_shift, "%u and %u", page.base_shift,
	      page.actual_shift);
	CHECK(!(hpt_entry_ra(e, page.actual_shift) & ((UINT64_C(1) << page.actual_shift) - 1)),
	      "a page that is not aligned");
	ret = hpt_entry_va(e, ptex, order, page.base_shift, &va, &err);
	failed_well(ret, &err);
	if (!ret)
		CHECK(hpt_hash_pteg(hpt_va_hash(&va, page.base_shift), order,
				    e.v & HPT_V_SECONDARY) == ptex / HPT_PTEG_ENTRIES,
		      "not the group of %llx", (unsigned long long)ptex);
}

static void see_sizes(const struct input *in, bool cells)
{
	struct hpt_page_sizes sizes = { 0 };
	struct hpt_error err;
	int ret = cells ? hpt_page_sizes_from_cells(in->data, in->len, &sizes, &err)
			: hpt_page_sizes_from_smmu(in->data, in->len,
						   (enum hpt_byte_order)(in->len & 1), &sizes,
						   &err);

	failed_well(ret, &err);
	if (ret)
		return;
	CHECK(sizes.n <= HPT_BASE_SIZES_MAX, "%u base sizes", sizes.n);
	for (uint32_t i = 0; i < sizes.n; i++)
		CHECK(sizes.base[i].n <= HPT_ACTUAL_SIZES_MAX, "%u sizes", sizes.base[i].n);
}

static void see_segments(struct input *in)
{
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	enum hpt_byte_order order = (enum hpt_byte_order)(take(in, 1) & 1);
	struct hpt_error err;
	int ret;

	CHECK(!hpt_cpu_init(&cpu, HPT_CPU_POWER8, HPT_PLATFORM_PSERIES, NULL), "no CPU");
	ret = hpt_cpu_from_kvm_sregs(&cpu, in->data, in->len, order, &err);
	failed_well(ret, &err);
	CHECK(cpu.slb_n <= HPT_SLB_MAX, "%u slots", cpu.slb_n);
	ret = hpt_cpu_add_slb_shadow(&cpu, in->data, in->len, &err);
	failed_well(ret, &err);
	CHECK(cpu.slb_n <= HPT_SLB_MAX, "%u slots", cpu.slb_n);
}

static void see_linux(struct input *in)
{
	unsigned va_bits = take(in, 1) & 1 ? 68 : 65, shift = take(in, 1) & 1 ? 28 : 40;
	uint64_t context = take(in, 3), ea = take(in, 8), vsid;
	struct hpt_linux rule = { .size = sizeof(rule), .va_bits = va_bits };
	struct hpt_linux_place place;
	struct hpt_slb_entry entry;
	struct hpt_error err;
	int ret = hpt_linux_vsid(context, ea, shift, va_bits, &vsid, &err);

	failed_well(ret, &err);
	/* Neither the first nor the last context is anybody's: VSIDs of 0 would come of them. */
	if (!ret && context && context < (va_bits == 68 ? 0x7FFFF : 0xFFFF)) {
		ret = hpt_linux_context(vsid, shift, va_bits, &place, &err);
		CHECK(!ret, "context %llx, address %llx: %s", (unsigned long long)context,
		      (unsigned long long)ea, err.text);
		CHECK(place.context == context, "context %llx, not %llx",
		      (unsigned long long)place.context, (unsigned long long)context);
	}
	rule.page_shift = take(in, 1) & 1 ? 12 : 16;
	rule.user_context = context;
	rule.kernel_segment_shift = (uint32_t)take(in, 1);
	rule.user_segment_shift = (uint32_t)take(in, 1);
	rule.linear_shift = (uint32_t)take(in, 1);
	ret = hpt_linux_segment(&rule, hpt_page_sizes_of(HPT_CPU_POWER9), ea, &entry, &err);
	failed_well(ret, &err);
}

struct memory {
	const uint8_t *bytes;
	size_t len;
};

static int read_memory(void *ctx, uint64_t ra, size_t len, void *bytes, struct hpt_error *err)
{
	const struct memory *m = ctx;

	if (ra > m->len || len > m->len - ra)
		return hpt_error_fill(err, HPT_ERR_RANGE, 0, "no memory at that address");
	memcpy(bytes, m->bytes + ra, len);
	return 0;
}

static const struct hpt_memory_ops ops = { .size = sizeof(ops), .read = read_memory };

static void see_origin(struct input *in)
{
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	enum hpt_processor processor = (enum hpt_processor)take_below(in, HPT_CPU_COUNT);
	struct hpt_table_origin origin = { .size = sizeof(origin) };
	struct memory m = { in->data, in->len };
	struct hpt_table *table = NULL;
	struct hpt_slb_entry segment;
	struct hpt_entry entries[8];
	struct hpt_error err;
	uint64_t ea, ra;
	int ret;

	CHECK(!hpt_cpu_init(&cpu, processor, HPT_PLATFORM_BARE, NULL), "no CPU");
	cpu.sdr1 = take(in, 8);
	cpu.ptcr = take(in, 8);
	cpu.lpid = (uint32_t)take(in, 4);
	ret = hpt_table_origin(&cpu, &ops, &m, &origin, &err);
	failed_well(ret, &err);
	ret = hpt_find_table(&cpu, &ops, &m, NULL, &table, &err);
	failed_well(ret, &err);
	if (!ret) {
		ret = hpt_table_read(table, 0, 8, entries, &err);
		failed_well(ret, &err);
		hpt_table_close(table);
	}
	ea = take(in, 8);
	ra = take(in, 2);
	ret = hpt_segment_table_lookup(&ops, &m, ra, UINT64_C(1) << take_below(in, 64), ea,
				       (uint32_t)take_below(in, 2), &segment, &err);
	failed_well(ret, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	uint64_t kind = take(&in, 1);

	memory_begin();
	switch (kind % 6) {
	case 0:
		see_entry(&in);
		break;
	case 1:
	case 2:
		see_sizes(&in, kind % 6 == 2);
		break;
	case 3:
		see_segments(&in);
		break;
	case 4:
		see_linux(&in);
		break;
	default:
		see_origin(&in);
		break;
	}
	memory_end(0, 0, 4096);
	return 0;
}
