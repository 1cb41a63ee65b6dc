/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A CPU from what others know of it, its table and segments in memory, and what is refused. */

#include "unit.h"

#include <hpt/mmu.h>

static struct hpt_cpu cpu_of(enum hpt_processor processor, enum hpt_platform platform)
{
	struct hpt_cpu cpu = { .size = sizeof(cpu) };

	assert_int_equal(hpt_cpu_init(&cpu, processor, platform, NULL), 0);
	return cpu;
}

static void test_init(void **state)
{
	struct {
		struct hpt_cpu cpu;
		uint64_t tail;
	} wide;
	struct hpt_error err;

	(void)state;
	memset(&wide, 0xa5, sizeof(wide));
	wide.cpu.size = sizeof(wide);
	unit_poison(&err);
	unit_ok(hpt_cpu_init(&wide.cpu, HPT_CPU_POWER9, HPT_PLATFORM_BARE, &err), &err);
	assert_int_equal(wide.cpu.size, sizeof(wide));
	assert_int_equal(wide.cpu.isa, HPT_ISA_3_0);
	assert_int_equal(wide.cpu.platform, HPT_PLATFORM_BARE);
	assert_ptr_equal(wide.cpu.sizes, hpt_page_sizes_of(HPT_CPU_POWER9));
	assert_int_equal(wide.cpu.msr, UINT64_C(0x8000000000000030));
	assert_int_equal(wide.cpu.slb_n, 0);
	assert_int_equal(wide.cpu.slb[63].vsid, 0);
	assert_int_equal(wide.tail, 0);
	unit_poison(&err);
	unit_error(hpt_cpu_init(NULL, HPT_CPU_POWER9, HPT_PLATFORM_BARE, &err), &err,
		   HPT_ERR_ARGUMENT, "struct hpt_cpu: NULL");
	unit_poison(&err);
	unit_error(hpt_cpu_init(&wide.cpu, HPT_CPU_COUNT, HPT_PLATFORM_BARE, &err), &err,
		   HPT_ERR_ARGUMENT, "CPU: processor 7 on platform 1 is not known");
	wide.cpu.size = 100;
	assert_int_equal(hpt_cpu_init(&wide.cpu, HPT_CPU_POWER9, HPT_PLATFORM_BARE, NULL),
			 HPT_ERR_ARGUMENT);
}

static void test_pvr(void **state)
{
	static const struct {
		uint32_t pvr;
		enum hpt_processor processor;
	} rows[] = {
		{ 0x003c0301, HPT_CPU_970 },     { 0x00440100, HPT_CPU_970 },
		{ 0x003b0200, HPT_CPU_POWER5P }, { 0x003f0203, HPT_CPU_POWER7 },
		{ 0x004d0200, HPT_CPU_POWER8 },  { 0x004b0201, HPT_CPU_POWER8 },
		{ 0x004e1202, HPT_CPU_POWER9 },  { 0x00800200, HPT_CPU_POWER10 },
		{ 0x0f000004, HPT_CPU_POWER8 },  { 0x0f000005, HPT_CPU_POWER9 },
	};
	enum hpt_processor found = HPT_CPU_COUNT;
	struct hpt_error err;

	(void)state;
	for (unsigned i = 0; i < COUNT(rows); i++) {
		assert_int_equal(hpt_processor_from_pvr(rows[i].pvr, &found, NULL), 0);
		assert_int_equal(found, rows[i].processor);
	}
	unit_poison(&err);
	unit_error(
		hpt_processor_from_pvr(0x000c0209, &found, &err), &err, HPT_ERR_UNSUPPORTED,
		"PVR 0xc0209 is of no processor with a hashed page table that is known here");
}

static void put(unsigned char *at, uint64_t value, enum hpt_byte_order order)
{
	for (unsigned i = 0; i < 8; i++)
		at[order == HPT_BIG_ENDIAN ? 7 - i : i] = (unsigned char)(value >> 8 * i);
}

#define SREGS 1232 /* sizeof(struct kvm_sregs) on book3s_64 */

/* As KVM gives it: packed, the slot in the low bits. */
static void fill_sregs(unsigned char *bytes, enum hpt_byte_order order)
{
	memset(bytes, 0, SREGS);
	put(bytes + 8, 0x1234, order);
	put(bytes + 16, 0xc000000008000000, order);
	put(bytes + 24, 0x400ea1b217000500, order);
	put(bytes + 32, 0xc00c000008000002, order);
	put(bytes + 40, 0x40066bdea7000510, order);
	put(bytes + 48, 0x000000001800003f, order);
	put(bytes + 56, 0x0000f2b1f51e0d90, order);
}

static void test_sregs(void **state)
{
	unsigned char bytes[SREGS];
	struct hpt_cpu cpu;
	struct hpt_error err;

	(void)state;
	for (int order = 0; order < 2; order++) {
		cpu = cpu_of(HPT_CPU_POWER8, HPT_PLATFORM_PSERIES);
		cpu.slb_n = 64;
		cpu.slb[5].esid = HPT_SLB_VALID;
		fill_sregs(bytes, (enum hpt_byte_order)order);
		unit_poison(&err);
		unit_ok(hpt_cpu_from_kvm_sregs(&cpu, bytes, sizeof(bytes),
					       (enum hpt_byte_order)order, &err),
			&err);
		assert_int_equal(cpu.sdr1, 0x1234);
		assert_int_equal(cpu.slb_n, 64);
		assert_int_equal(cpu.slb[0].vsid, UINT64_C(0x400ea1b217000500));
		assert_int_equal(cpu.slb[1].esid, 0);
		assert_int_equal(cpu.slb[2].esid, UINT64_C(0xc00c000008000000));
		assert_int_equal(cpu.slb[5].esid, 0);
		assert_int_equal(cpu.slb[63].vsid, UINT64_C(0x0000f2b1f51e0d90));
	}
	unit_poison(&err);
	unit_error_at(hpt_cpu_from_kvm_sregs(&cpu, bytes, 1039, HPT_BIG_ENDIAN, &err), &err,
		      HPT_ERR_TRUNCATED,
		      "struct kvm_sregs has 1039 bytes, expected at least 1040",
		      HPT_ERROR_HAS_OFFSET, 1039);
	put(bytes + 48, 0x18000040, HPT_BIG_ENDIAN);
	unit_poison(&err);
	unit_error_at(hpt_cpu_from_kvm_sregs(&cpu, bytes, SREGS, HPT_BIG_ENDIAN, &err), &err,
		      HPT_ERR_FORMAT,
		      "struct kvm_sregs: the SLB entry at byte 48 is for slot 64, "
		      "expected 0 to 63",
		      HPT_ERROR_HAS_OFFSET, 48);
	put(bytes + 48, 0x18000002, HPT_BIG_ENDIAN);
	unit_poison(&err);
	unit_error_at(hpt_cpu_from_kvm_sregs(&cpu, bytes, SREGS, HPT_BIG_ENDIAN, &err), &err,
		      HPT_ERR_FORMAT,
		      "struct kvm_sregs: the SLB entry at byte 48 is for slot 2, "
		      "as one before it",
		      HPT_ERROR_HAS_OFFSET, 48);
	unit_poison(&err);
	unit_error(hpt_cpu_from_kvm_sregs(&cpu, NULL, SREGS, HPT_BIG_ENDIAN, &err), &err,
		   HPT_ERR_ARGUMENT, "struct kvm_sregs: NULL");
	/* Nothing of a failure stays. */
	assert_int_equal(cpu.slb[63].vsid, UINT64_C(0x0000f2b1f51e0d90));
}

static void test_add(void **state)
{
	struct hpt_cpu cpu = cpu_of(HPT_CPU_POWER8, HPT_PLATFORM_PSERIES);
	struct hpt_slb_entry big = { 0xc000000008000003, 0x400ea1b217000500 };
	struct hpt_slb_entry within = { 0xc000000018000000, 0x0000f2b1f51e0d90 };
	struct hpt_slb_entry bad = { 0x18000000, 0x8000f2b1f51e0d90 };
	struct hpt_error err;

	(void)state;
	unit_poison(&err);
	unit_ok(hpt_cpu_add_segment(&cpu, &big, &err), &err);
	assert_int_equal(cpu.slb_n, 1);
	assert_int_equal(cpu.slb[0].esid, UINT64_C(0xc000000008000000));
	/* There is one already, of another size. */
	unit_ok(hpt_cpu_add_segment(&cpu, &within, &err), &err);
	assert_int_equal(cpu.slb_n, 1);
	big.esid &= ~HPT_SLB_VALID;
	unit_ok(hpt_cpu_add_segment(&cpu, &big, &err), &err);
	assert_int_equal(cpu.slb_n, 1);
	unit_error(hpt_cpu_add_segment(&cpu, &bad, &err), &err, HPT_ERR_ARGUMENT,
		   "SLB entry 0x18000000 0x8000f2b1f51e0d90: B is 2, expected 0 (256M) "
		   "or 1 (1T)");
	for (uint64_t i = 1; i < 64; i++) {
		within.esid = i << 28 | HPT_SLB_VALID;
		assert_int_equal(hpt_cpu_add_segment(&cpu, &within, NULL), 0);
	}
	assert_int_equal(cpu.slb_n, 64);
	within.esid = UINT64_C(64) << 28 | HPT_SLB_VALID;
	unit_poison(&err);
	unit_error(hpt_cpu_add_segment(&cpu, &within, &err), &err, HPT_ERR_ARGUMENT,
		   "SLB entry 0x408000000: all 64 slots are in use");
	cpu.slb[9].esid = 0;
	assert_int_equal(hpt_cpu_add_segment(&cpu, &within, NULL), 0);
	assert_int_equal(cpu.slb[9].esid, within.esid);
}

static void test_shadow(void **state)
{
	unsigned char bytes[256];
	struct hpt_cpu cpu = cpu_of(HPT_CPU_POWER8, HPT_PLATFORM_PSERIES);
	size_t len = unit_bytes("C:2 C:60 E:0,c000000008000000 "
				"E:400ea1b217000500,c00c000008000001 "
				"E:40066bdea7000510,0 E:0,0",
				bytes, sizeof(bytes));
	struct hpt_error err;

	(void)state;
	unit_poison(&err);
	unit_ok(hpt_cpu_add_slb_shadow(&cpu, bytes, len, &err), &err);
	assert_int_equal(cpu.slb_n, 2);
	assert_int_equal(cpu.slb[1].esid, UINT64_C(0xc00c000008000000));
	assert_int_equal(cpu.slb[1].vsid, UINT64_C(0x40066bdea7000510));
	/* Again: they are there. */
	unit_ok(hpt_cpu_add_slb_shadow(&cpu, bytes, len, &err), &err);
	assert_int_equal(cpu.slb_n, 2);
	unit_error_at(
		hpt_cpu_add_slb_shadow(&cpu, bytes, 47, &err), &err, HPT_ERR_TRUNCATED,
		"SLB shadow buffer: 47 bytes do not hold the 2 entries that it announces",
		HPT_ERROR_HAS_OFFSET, 47);
	unit_poison(&err);
	unit_error_at(hpt_cpu_add_slb_shadow(&cpu, bytes, 15, &err), &err, HPT_ERR_TRUNCATED,
		      "SLB shadow buffer: 15 bytes, expected at least 16",
		      HPT_ERROR_HAS_OFFSET, 15);
}

/* Memory from real address 0x1000000 on. */
#define RAM UINT64_C(0x1000000)
#define RAM_BYTES 0x100000u

static int ram_read(void *ctx, uint64_t ra, size_t len, void *bytes, struct hpt_error *err)
{
	if (ra < RAM || ra - RAM > RAM_BYTES - len)
		return hpt_error_fill(err, HPT_ERR_RANGE, 0, "no memory there");
	memcpy(bytes, (unsigned char *)ctx + (ra - RAM), len);
	return 0;
}

static const struct hpt_memory_ops ram_ops = { .size = sizeof(ram_ops), .read = ram_read };

/* The table of the CPU, found in memory, translates. */
static void check_found(const struct hpt_cpu *cpu, unsigned char *ram, enum hpt_form form)
{
	struct hpt_table_info info = { .size = sizeof(info) };
	struct hpt_translation x = { .size = sizeof(x) };
	struct hpt_entry e = { 0x4001ffffff000001, 0x1234000000010 };
	struct hpt_cpu real = *cpu;
	struct hpt_table *table;
	struct hpt_error err;

	/* A VRMA page stands for all. */
	if (form == HPT_FORM_V3)
		assert_int_equal(hpt_entry_to_v3(e, &e, NULL), 0);
	hpt_entries_to_bytes(&e, 1, ram + 0x40000 + 0x3f68 * 16);
	unit_poison(&err);
	unit_ok(hpt_find_table(cpu, &ram_ops, ram, NULL, &table, &err), &err);
	assert_int_equal(hpt_table_info(table, &info, NULL), 0);
	assert_int_equal(info.order, 18);
	assert_int_equal(info.form, form);
	real.msr = HPT_MSR_SF;
	real.lpcr = HPT_LPCR_VPM0;
	assert_int_equal(hpt_translate(&real, table, 0x12345, HPT_ACCESS_READ, 0, &x, NULL),
			 0);
	assert_int_equal(x.outcome, HPT_OUTCOME_MAPPED);
	assert_int_equal(x.ra, UINT64_C(0x1234000000345));
	hpt_table_close(table);
}

static void bad_origin(const struct hpt_cpu *cpu, unsigned char *ram, int code,
		       const char *text)
{
	struct hpt_table_origin origin = { .size = sizeof(origin) };
	struct hpt_error err;
	int ret;

	unit_poison(&err);
	ret = hpt_table_origin(cpu, &ram_ops, ram, &origin, &err);
	assert_int_equal(ret, code);
	assert_string_equal(err.text, text);
	assert_int_equal(origin.ra, 0);
}

static void test_sdr1(void **state)
{
	unsigned char *ram = calloc(1, RAM_BYTES);
	struct hpt_cpu cpu = cpu_of(HPT_CPU_POWER8, HPT_PLATFORM_BARE);

	(void)state;
	cpu.sdr1 = 0x1040000;
	check_found(&cpu, ram, HPT_FORM_CLASSIC);
	cpu.sdr1 = 0;
	bad_origin(&cpu, ram, HPT_ERR_NO_HPT, "SDR1 is 0: this CPU has no table");
	cpu.sdr1 = 0x104001d;
	bad_origin(&cpu, ram, HPT_ERR_FORMAT,
		   "SDR1 is 0x104001d: HTABSIZE is 29, expected at most 28");
	cpu.sdr1 = 0x1040001;
	bad_origin(&cpu, ram, HPT_ERR_FORMAT,
		   "SDR1 is 0x1040001: the table's origin 0x1040000 is "
		   "not a multiple of its 2^19 bytes");
	free(ram);
}

static void test_ptcr(void **state)
{
	unsigned char *ram = calloc(1, RAM_BYTES);
	struct hpt_cpu cpu = cpu_of(HPT_CPU_POWER9, HPT_PLATFORM_BARE);

	(void)state;
	cpu.ptcr = 0x1001000;
	cpu.lpid = 3;
	put(ram + 0x1030, 0x1040000, HPT_BIG_ENDIAN);
	check_found(&cpu, ram, HPT_FORM_V3);
	cpu.lpid = 4;
	bad_origin(&cpu, ram, HPT_ERR_NO_HPT,
		   "partition 4: its entry at 0x1001040 is 0x0, empty");
	put(ram + 0x1040, 0x8000000001040000, HPT_BIG_ENDIAN);
	bad_origin(&cpu, ram, HPT_ERR_NO_HPT,
		   "partition 4: its entry at 0x1001040 is "
		   "0x8000000001040000, of radix translation");
	cpu.lpid = 256;
	bad_origin(&cpu, ram, HPT_ERR_NO_HPT,
		   "LPID 256 is beyond a partition table of 2^12 bytes");
	cpu.ptcr = 0x1001001;
	bad_origin(&cpu, ram, HPT_ERR_FORMAT,
		   "PTCR is 0x1001001: the partition table's origin "
		   "0x1001000 is not a multiple of its 2^13 bytes");
	cpu.ptcr = 0x1f;
	bad_origin(&cpu, ram, HPT_ERR_FORMAT, "PTCR is 0x1f: PATS is 31, expected at most 24");
	cpu.ptcr = 0;
	bad_origin(&cpu, ram, HPT_ERR_NO_HPT, "PTCR is 0: there is no partition table");
	cpu.ptcr = 0x2000000;
	cpu.lpid = 0;
	bad_origin(&cpu, ram, HPT_ERR_RANGE,
		   "cannot read the partition table: no memory there");
	assert_int_equal(hpt_table_origin(&cpu, NULL, NULL, NULL, NULL), HPT_ERR_ARGUMENT);
	free(ram);
}

static struct hpt_slb_entry segment_at(unsigned char *ram, uint64_t ea, uint32_t flags)
{
	struct hpt_slb_entry entry = { 1, 1 };
	struct hpt_error err;

	unit_poison(&err);
	unit_ok(hpt_segment_table_lookup(&ram_ops, ram, RAM + 0x4000, 0x1000, ea, flags,
					 &entry, &err),
		&err);
	return entry;
}

/* 32 groups: the ESID's low five bits choose. */
static void test_segment_table(void **state)
{
	unsigned char *ram = calloc(1, RAM_BYTES);
	struct hpt_slb_entry entry;
	struct hpt_error err;

	(void)state;
	put(ram + 0x4000 + 3 * 128 + 32, 0x238000007, HPT_BIG_ENDIAN);
	put(ram + 0x4000 + 3 * 128 + 40, 0x0000f2b1f51e0d90, HPT_BIG_ENDIAN);
	/* The same segment again: the first is taken. */
	put(ram + 0x4000 + 3 * 128 + 96, 0x238000009, HPT_BIG_ENDIAN);
	put(ram + 0x4000 + 3 * 128 + 104, 0x0000f2b1f51e0d80, HPT_BIG_ENDIAN);
	put(ram + 0x4000 + 7 * 128, 0x270008000000, HPT_BIG_ENDIAN);
	put(ram + 0x4000 + 7 * 128 + 8, 0x400ea1b217000500, HPT_BIG_ENDIAN);
	put(ram + 0x4000 + 30 * 128, 0x18000000, HPT_BIG_ENDIAN);
	put(ram + 0x4000 + 30 * 128 + 8, 0x0000f2c9df392d90, HPT_BIG_ENDIAN);
	entry = segment_at(ram, 0x234567890, 0);
	assert_int_equal(entry.esid, 0x238000000);
	assert_int_equal(entry.vsid, UINT64_C(0xf2b1f51e0d90));
	entry = segment_at(ram, 0x27ff34567890, 0);
	assert_int_equal(entry.vsid, UINT64_C(0x400ea1b217000500));
	/* The same groups, other segments. */
	entry = segment_at(ram, 0x47ff34567890, 0);
	assert_int_equal(entry.esid | entry.vsid, 0);
	entry = segment_at(ram, 0x434567890, 0);
	assert_int_equal(entry.esid | entry.vsid, 0);
	/* Secondary: 0x1's complement is 0x1e. */
	entry = segment_at(ram, 0x12345678, 0);
	assert_int_equal(entry.esid | entry.vsid, 0);
	entry = segment_at(ram, 0x12345678, HPT_SEGMENT_TABLE_SECONDARY);
	assert_int_equal(entry.vsid, UINT64_C(0xf2c9df392d90));
	unit_poison(&err);
	unit_error(hpt_segment_table_lookup(&ram_ops, ram, RAM, 0x180, 0, 0, &entry, &err),
		   &err, HPT_ERR_ARGUMENT,
		   "segment table: 0x180 bytes, expected a power of two of at least 128");
	assert_int_equal(
		hpt_segment_table_lookup(&ram_ops, ram, RAM + 64, 0x100, 0, 0, &entry, NULL),
		HPT_ERR_ARGUMENT);
	assert_int_equal(
		hpt_segment_table_lookup(&ram_ops, ram, RAM, 0x100, 0, 2, &entry, NULL),
		HPT_ERR_ARGUMENT);
	/* At the end of all memory, and beyond it. */
	assert_int_equal(hpt_segment_table_lookup(&ram_ops, ram, UINT64_MAX - 0xff, 0x100, 0,
						  0, &entry, NULL),
			 HPT_ERR_RANGE);
	assert_int_equal(hpt_segment_table_lookup(&ram_ops, ram, UINT64_MAX - 0xff, 0x200, 0,
						  0, &entry, NULL),
			 HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_segment_table_lookup(&ram_ops, ram, 0, 0x100, 0, 0, &entry, NULL),
			 HPT_ERR_RANGE);
	free(ram);
}

/* What hpt_translate() and its family refuse, and that they then leave the answer alone. */
static void refused(const struct hpt_cpu *cpu, int access, uint32_t flags, const char *text)
{
	struct hpt_translation x = { .size = sizeof(x), .ra = 77 };
	struct hpt_explanation *e = calloc(1, sizeof(*e));
	uint64_t ea = 0x12345678;
	struct hpt_error err;

	e->size = sizeof(*e);
	unit_poison(&err);
	assert_int_equal(
		hpt_translate(cpu, NULL, ea, (enum hpt_access)access, flags, &x, &err),
		HPT_ERR_ARGUMENT);
	assert_string_equal(err.text, text);
	assert_int_equal(x.ra, 77);
	assert_int_equal(hpt_translate_many(cpu, NULL, &ea, 1, (enum hpt_access)access, flags,
					    &x, &err),
			 HPT_ERR_ARGUMENT);
	assert_string_equal(err.text, text);
	assert_int_equal(hpt_explain(cpu, NULL, ea, (enum hpt_access)access, flags, e, &err),
			 HPT_ERR_ARGUMENT);
	assert_string_equal(err.text, text);
	assert_int_equal(e->n_segments, 0);
	free(e);
}

static void test_refused(void **state)
{
	struct {
		struct hpt_cpu cpu;
		unsigned char tail[8];
	} wide = { .tail = { 0 } };
	struct hpt_cpu cpu = cpu_of(HPT_CPU_POWER8, HPT_PLATFORM_PSERIES);
	struct hpt_page_sizes none = { .size = sizeof(none) };
	struct hpt_translation x = { .size = sizeof(x) };
	struct hpt_error err;
	uint64_t ea = 0;

	(void)state;
	refused(NULL, 0, 0, "struct hpt_cpu: NULL");
	refused(&cpu, 3, 0, "access is 3, expected 0 to 2");
	refused(&cpu, 0, 16, "flags are 0x10, expected of 0xf, and not both of 0x6");
	refused(&cpu, 0, 6, "flags are 0x6, expected of 0xf, and not both of 0x6");
	cpu.slb_n = 65;
	refused(&cpu, 0, 0, "struct hpt_cpu: 65 SLB slots, expected at most 64");
	cpu.slb_n = 1;
	cpu.slb[0] = (struct hpt_slb_entry){ 0x18000000, 0xf2b1f51e0d90 };
	refused(&cpu, 0, 0,
		"address 0x12345678: its way leads through a table, and there is none");
	cpu.sizes = &none;
	refused(&cpu, 0, 0, "struct hpt_cpu: 0 base page sizes, expected 1 to 8");
	cpu.sizes = NULL;
	refused(&cpu, 0, 0, "struct hpt_cpu: no page sizes");
	wide.cpu = cpu_of(HPT_CPU_POWER8, HPT_PLATFORM_PSERIES);
	wide.cpu.size = sizeof(wide);
	/* A newer caller, whose new members are all zero; then one is not. */
	assert_int_equal(
		hpt_translate(&wide.cpu, NULL, 0, HPT_ACCESS_READ, HPT_XLATE_REAL, &x, NULL),
		0);
	wide.tail[2] = 1;
	unit_poison(&err);
	assert_int_equal(hpt_translate(&wide.cpu, NULL, 0, HPT_ACCESS_READ, 0, &x, &err),
			 HPT_ERR_ARGUMENT);
	assert_non_null(strstr(err.text, "is not zero and this library knows only"));
	wide.tail[2] = 0;
	x.size = 8;
	assert_int_equal(hpt_translate(&wide.cpu, NULL, 0, HPT_ACCESS_READ, 0, &x, NULL),
			 HPT_ERR_ARGUMENT);
	assert_int_equal(
		hpt_translate_many(&wide.cpu, NULL, &ea, 1, HPT_ACCESS_READ, 0, &x, NULL),
		HPT_ERR_ARGUMENT);
	assert_int_equal(
		hpt_translate_many(&wide.cpu, NULL, NULL, 1, HPT_ACCESS_READ, 0, &x, NULL),
		HPT_ERR_ARGUMENT);
	assert_int_equal(
		hpt_translate_many(&wide.cpu, NULL, NULL, 0, HPT_ACCESS_READ, 0, NULL, NULL),
		0);
}

static int broken_read(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		       struct hpt_error *err)
{
	(void)ctx, (void)ptex, (void)n, (void)out;
	return hpt_error_fill(err, HPT_ERR_SYSTEM, 5, "broken");
}

/* A table that cannot be read is an error, not a fault; of many, it says which. */
static void test_unreadable(void **state)
{
	static const struct hpt_table_ops ops = { .size = sizeof(ops), .read = broken_read };
	const struct hpt_table_config config = { .size = sizeof(config),
						 .backend = "broken",
						 .order = 18 };
	struct hpt_cpu cpu = cpu_of(HPT_CPU_POWER8, HPT_PLATFORM_PSERIES);
	struct hpt_translation x[3] = { { .size = sizeof(x[0]) } };
	const uint64_t ea[3] = { 0x20000000, 0x12345678, 0x30000000 };
	struct hpt_table *table;
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_table_open(&ops, NULL, &config, &table, NULL), 0);
	cpu.slb_n = 1;
	cpu.slb[0] = (struct hpt_slb_entry){ 0x18000000, 0xf2b1f51e0d90 };
	assert_int_equal(hpt_translate(&cpu, table, ea[1], HPT_ACCESS_READ, 0, x, &err),
			 HPT_ERR_SYSTEM);
	assert_string_equal(err.text, "broken");
	assert_int_equal(hpt_translate_many(&cpu, table, ea, 3, HPT_ACCESS_READ, 0, x, &err),
			 HPT_ERR_SYSTEM);
	assert_true(err.has & HPT_ERROR_HAS_ADDRESS);
	assert_int_equal(err.address, ea[1]);
	assert_int_equal(x[0].outcome, HPT_OUTCOME_NO_SEGMENT);
	assert_int_equal(hpt_translate_many(&cpu, table, ea, 3, HPT_ACCESS_READ, 0, x, NULL),
			 HPT_ERR_SYSTEM);
	hpt_table_close(table);
}

/* A CPU without pages of 4K: L and LP of 0 name no base page size there. */
static void test_base_that_is_none(void **state)
{
	const struct hpt_page_sizes sizes = { .size = sizeof(sizes),
					      .n = 1,
					      .base = { { 16, 0x110, 1, { { 16, 1 } } } } };
	struct hpt_cpu cpu = cpu_of(HPT_CPU_POWER8, HPT_PLATFORM_PSERIES);
	struct hpt_translation x = { .size = sizeof(x) };
	struct hpt_explanation *e = malloc(sizeof(*e));

	(void)state;
	cpu.sizes = &sizes;
	cpu.slb_n = 1;
	cpu.slb[0] = (struct hpt_slb_entry){ 0x18000000, 0xf2b1f51e0c80 };
	assert_int_equal(hpt_translate(&cpu, NULL, 0x12345678, HPT_ACCESS_READ, 0, &x, NULL),
			 0);
	assert_int_equal(x.outcome, HPT_OUTCOME_BAD_SEGMENT);
	assert_non_null(e);
	e->size = sizeof(*e);
	assert_int_equal(hpt_explain(&cpu, NULL, 0x12345678, HPT_ACCESS_READ, 0, e, NULL), 0);
	assert_int_equal(e->n_segments, 1);
	assert_int_equal(e->segment[0].reason, HPT_SEGMENT_MATCH);
	assert_int_equal(e->segment[0].base_shift, 0);
	free(e);
}

/* Power ISA: the key is Ks in privileged state, Kp in problem state. */
static void test_key_bit(void **state)
{
	struct hpt_cpu cpu = cpu_of(HPT_CPU_POWER8, HPT_PLATFORM_PSERIES);
	const struct hpt_va va = { 0xf2b1f51e0, 0x2345678, 28 };
	const struct hpt_entry entry = {
		hpt_va_avpn(&va, 16) | HPT_V_LARGE | HPT_V_VALID, 0x3331012
	};
	struct hpt_explanation *e = malloc(sizeof(*e));
	struct hpt_table *table;

	(void)state;
	assert_non_null(e);
	assert_int_equal(hpt_sparse_open(18, &table, NULL), 0);
	assert_int_equal(hpt_table_write(table,
					 8 * hpt_hash_pteg(hpt_va_hash(&va, 16), 18, false), 1,
					 &entry, NULL),
			 0);
	for (unsigned i = 0; i < 8; i++) {
		bool ks = i & 1, kp = i & 2, problem = i & 4;

		cpu.slb_n = 1;
		cpu.slb[0] = (struct hpt_slb_entry){
			0x18000000, 0xf2b1f51e0110 | (ks ? 0x800u : 0) | (kp ? 0x400u : 0)
		};
		cpu.msr = HPT_MSR_IR | HPT_MSR_DR | (problem ? HPT_MSR_PR : 0);
		e->size = sizeof(*e);
		assert_int_equal(hpt_explain(&cpu, table, 0x12345678, HPT_ACCESS_READ, 0, e,
					     NULL),
				 0);
		assert_true(e->translation.has & HPT_HAS_ENTRY);
		assert_int_equal(e->key_bit, problem ? kp : ks);
	}
	hpt_table_close(table);
	free(e);
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= HPT_OUTCOME_BAD_VRMA; i++)
		assert_non_null(hpt_outcome_name((enum hpt_outcome)i));
	assert_null(hpt_outcome_name((enum hpt_outcome)(HPT_OUTCOME_BAD_VRMA + 1)));
	for (unsigned i = 0; i <= HPT_MODE_REAL_OFFSET; i++)
		assert_non_null(hpt_mode_name((enum hpt_mode)i));
	assert_null(hpt_mode_name((enum hpt_mode)(HPT_MODE_REAL_OFFSET + 1)));
	assert_string_equal(hpt_outcome_name(HPT_OUTCOME_NO_ENTRY), "no entry");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_pvr),
		cmocka_unit_test(test_sregs),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_shadow),
		cmocka_unit_test(test_sdr1),
		cmocka_unit_test(test_ptcr),
		cmocka_unit_test(test_segment_table),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_base_that_is_none),
		cmocka_unit_test(test_key_bit),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
