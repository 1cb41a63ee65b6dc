/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What public functions say of arguments that cannot be, each NULL of its own, with and
 * without somewhere to put the reason; and of tables and memory that fail at any of their
 * calls.
 */

#include <errno.h>

#include "unit.h"

#include <hpt/qmp.h>

#include "guest_saved.h"

static struct hpt_error err;

static void refused(int ret, int code, const char *text)
{
	unit_error(ret, &err, code, text);
	unit_poison(&err);
}

/* @call says where its error goes by E. It is refused, whether or not it may say why. */
#define REFUSED(call, code, text)             \
	do {                                  \
		struct hpt_error *E = NULL;   \
		assert_int_equal(call, code); \
		unit_poison(&err);            \
		E = &err;                     \
		refused(call, code, text);    \
	} while (0)
#define ARGUMENT(call, text) REFUSED(call, HPT_ERR_ARGUMENT, text)

static void test_guest_handles(void **state)
{
	struct bytes b = bytes_of(WHOLE);
	struct hpt_guest *guest = must_open_saved(&b, 0, false), *other = NULL;
	struct hpt_guest_info info = { .size = sizeof(info) };
	struct hpt_table *table = NULL;

	(void)state;
	ARGUMENT(hpt_guest_open(NULL, NULL, &other, E), "hpt_guest_open: a NULL");
	ARGUMENT(hpt_guest_open("/dev/null", NULL, NULL, E), "hpt_guest_open: a NULL");
	ARGUMENT(hpt_guest_open_fd(-1, "x", NULL, &other, E),
		 "hpt_guest_open_fd: a bad descriptor or a NULL");
	ARGUMENT(hpt_guest_open_fd(0, NULL, NULL, &other, E),
		 "hpt_guest_open_fd: a bad descriptor or a NULL");
	ARGUMENT(hpt_guest_open_fd(0, "x", NULL, NULL, E),
		 "hpt_guest_open_fd: a bad descriptor or a NULL");
	ARGUMENT(hpt_guest_table(NULL, &table, E), "hpt_guest_table: a NULL");
	ARGUMENT(hpt_guest_table(guest, NULL, E), "hpt_guest_table: a NULL");
	ARGUMENT(hpt_guest_apply(NULL, "x", E), "hpt_guest_apply: a NULL");
	ARGUMENT(hpt_guest_apply(guest, NULL, E), "hpt_guest_apply: a NULL");
	ARGUMENT(hpt_guest_apply(guest, "x", E),
		 "x: a pass applies to a captured stream, and the source is of kind qemu");
	ARGUMENT(hpt_guest_info(NULL, &info, E), "hpt_guest_info: a NULL");
	ARGUMENT(hpt_guest_info(guest, NULL, E), "hpt_guest_info: a NULL");
	assert_null(hpt_guest_warning(NULL, 0));
	assert_ptr_equal(hpt_guest_page_sizes(NULL), hpt_page_sizes_of(HPT_CPU_POWER8));
	assert_null(other);
	assert_null(table);
	hpt_guest_close(guest);
	hpt_guest_close(NULL);
	bytes_free(&b);
}

static void test_guest_parts(void **state)
{
	struct bytes b = bytes_of(WHOLE);
	struct hpt_guest *guest = must_open_saved(&b, 0, false);
	struct hpt_guest_block block = { .size = sizeof(block) };
	struct hpt_guest_region region = { .size = sizeof(region) };
	struct hpt_guest_machine machine = { .size = sizeof(machine) };
	struct hpt_guest_vcpu vcpu = { .size = sizeof(vcpu) };
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	static const char block_text[] = "hpt_guest_block: a NULL, or a source without RAM";

	(void)state;
	ARGUMENT(hpt_guest_block(NULL, 0, &block, E), block_text);
	ARGUMENT(hpt_guest_block(guest, 0, NULL, E), block_text);
	ARGUMENT(hpt_guest_block(guest, 1, &block, E),
		 "hpt_qemu_block: a NULL, or RAM block 1 of 1");
	ARGUMENT(hpt_guest_region(NULL, 0, &region, E),
		 "hpt_guest_region: a NULL, or region 0 of 0");
	ARGUMENT(hpt_guest_region(guest, 0, NULL, E),
		 "hpt_guest_region: a NULL, or region 0 of 1");
	ARGUMENT(hpt_guest_region(guest, 7, &region, E),
		 "hpt_guest_region: a NULL, or region 7 of 1");
	ARGUMENT(hpt_guest_machine(NULL, &machine, E), "hpt_guest_machine: a NULL");
	ARGUMENT(hpt_guest_machine(guest, NULL, E), "hpt_guest_machine: a NULL");
	ARGUMENT(hpt_guest_vcpu(NULL, 0, &vcpu, E), "hpt_guest_vcpu: a NULL");
	ARGUMENT(hpt_guest_vcpu(guest, 0, NULL, E), "hpt_guest_vcpu: a NULL");
	ARGUMENT(hpt_guest_cpu(NULL, 0, &cpu, E), "hpt_guest_cpu: a NULL");
	ARGUMENT(hpt_guest_cpu(guest, 0, NULL, E), "hpt_guest_cpu: a NULL");
	hpt_guest_close(guest);
	bytes_free(&b);
}

static void test_guest_memory(void **state)
{
	struct bytes b = bytes_of(WHOLE);
	struct hpt_guest *guest = must_open_saved(&b, 0, false);
	const struct hpt_memory_ops *ops;
	unsigned char byte;
	void *ctx;

	(void)state;
	ARGUMENT(hpt_guest_memory(NULL, &ops, &ctx, E), "hpt_guest_memory: a NULL");
	ARGUMENT(hpt_guest_memory(guest, NULL, &ctx, E), "hpt_guest_memory: a NULL");
	ARGUMENT(hpt_guest_memory(guest, &ops, NULL, E), "hpt_guest_memory: a NULL");
	ARGUMENT(hpt_guest_read(NULL, 0, 1, &byte, E), "hpt_guest_read: a NULL");
	ARGUMENT(hpt_guest_read(guest, 0, 1, NULL, E), "hpt_guest_read: a NULL");
	ARGUMENT(hpt_guest_read_ea(NULL, 0, 0, 1, &byte, E), "hpt_guest_read_ea: a NULL");
	ARGUMENT(hpt_guest_read_ea(guest, 0, 0, 1, NULL, E), "hpt_guest_read_ea: a NULL");
	REFUSED(hpt_guest_read_ea(guest, 0, UINT64_MAX, 2, &byte, E), HPT_ERR_RANGE,
		"the range leads beyond the last effective address");
	hpt_guest_close(guest);
	bytes_free(&b);
}

static int zero_read(void *ctx, void *bytes, size_t len, size_t *got, struct hpt_error *e)
{
	(void)ctx, (void)bytes, (void)len, (void)e;
	*got = 0;
	return 0;
}

static void test_qemu_open(void **state)
{
	const struct hpt_reader_ops none = { .size = sizeof(none) };
	const struct hpt_reader_ops small = { .size = sizeof(small) - 1, .read = zero_read };
	static const char text[] =
		"hpt_qemu_open_reader: a NULL, or hpt_reader_ops::size too small";
	struct hpt_qemu *q = NULL;

	(void)state;
	ARGUMENT(hpt_qemu_open(-1, NULL, &q, E), "hpt_qemu_open: a bad descriptor or a NULL");
	ARGUMENT(hpt_qemu_open(0, NULL, NULL, E), "hpt_qemu_open: a bad descriptor or a NULL");
	ARGUMENT(hpt_qemu_open_memory(NULL, 0, NULL, &q, E), "hpt_qemu_open_memory: a NULL");
	ARGUMENT(hpt_qemu_open_memory("", 0, NULL, NULL, E), "hpt_qemu_open_memory: a NULL");
	ARGUMENT(hpt_qemu_open_reader(NULL, NULL, NULL, &q, E), text);
	ARGUMENT(hpt_qemu_open_reader(&none, NULL, NULL, &q, E), text);
	ARGUMENT(hpt_qemu_open_reader(&small, NULL, NULL, &q, E), text);
	ARGUMENT(hpt_qemu_open_reader(&drip_ops, NULL, NULL, NULL, E), text);
	assert_null(q);
	hpt_qemu_close(NULL);
}

static void test_qemu(void **state)
{
	struct bytes b = bytes_of(WHOLE);
	struct hpt_qemu_block block = { .size = sizeof(block) };
	struct hpt_qemu_info info = { .size = sizeof(info) };
	static const char stop[] = "hpt_qemu_read: a NULL, or an unknown place to stop";
	static const char rest[] = "hpt_qemu_rest: a NULL";
	const struct hpt_qemu_item *item;
	struct hpt_qemu_page page;
	struct hpt_table *table;
	struct hpt_qemu *q;
	const void *bytes;
	uint64_t offset;
	size_t n;

	(void)state;
	assert_int_equal(hpt_qemu_open_memory(b.data, b.len, NULL, &q, NULL), 0);
	ARGUMENT(hpt_qemu_next(NULL, &item, E), "hpt_qemu_next: a NULL");
	ARGUMENT(hpt_qemu_next(q, NULL, E), "hpt_qemu_next: a NULL");
	ARGUMENT(hpt_qemu_read(NULL, HPT_QEMU_UNTIL_END, E), stop);
	ARGUMENT(hpt_qemu_read(q, (enum hpt_qemu_until) - 1, E), stop);
	ARGUMENT(hpt_qemu_read(q, (enum hpt_qemu_until)(HPT_QEMU_UNTIL_END + 1), E), stop);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, NULL), 0);
	ARGUMENT(hpt_qemu_table(NULL, &table, E), "hpt_qemu_table: a NULL");
	ARGUMENT(hpt_qemu_table(q, NULL, E), "hpt_qemu_table: a NULL");
	ARGUMENT(hpt_qemu_info(NULL, &info, E), "hpt_qemu_info: a NULL");
	ARGUMENT(hpt_qemu_info(q, NULL, E), "hpt_qemu_info: a NULL");
	ARGUMENT(hpt_qemu_block(NULL, 0, &block, E),
		 "hpt_qemu_block: a NULL, or RAM block 0 of 0");
	ARGUMENT(hpt_qemu_block(q, 0, NULL, E), "hpt_qemu_block: a NULL, or RAM block 0 of 1");
	ARGUMENT(hpt_qemu_page(NULL, 0, 0, &page, 1, &n, E),
		 "hpt_qemu_page: a NULL, or RAM block 0 of 0");
	ARGUMENT(hpt_qemu_page(q, 0, 0, NULL, 1, &n, E),
		 "hpt_qemu_page: a NULL, or RAM block 0 of 1");
	ARGUMENT(hpt_qemu_page(q, 0, 0, &page, 1, NULL, E),
		 "hpt_qemu_page: a NULL, or RAM block 0 of 1");
	ARGUMENT(hpt_qemu_page(q, 1, 0, &page, 1, &n, E),
		 "hpt_qemu_page: a NULL, or RAM block 1 of 1");
	assert_int_equal(hpt_qemu_page(q, 0, 0, NULL, 0, &n, NULL), 0);
	assert_true(n > 0);
	ARGUMENT(hpt_qemu_rest(NULL, 0, &bytes, &n, &offset, E), rest);
	ARGUMENT(hpt_qemu_rest(q, 0, NULL, &n, &offset, E), rest);
	ARGUMENT(hpt_qemu_rest(q, 0, &bytes, NULL, &offset, E), rest);
	ARGUMENT(hpt_qemu_rest(q, 0, &bytes, &n, NULL, E), rest);
	assert_null(hpt_qemu_warning(NULL, 0));
	assert_null(hpt_qemu_view(NULL, 0, 0));
	hpt_qemu_close(q);
	bytes_free(&b);
}

/* A stream that went wrong: whatever is asked, the same is answered. */
static void test_qemu_failed(void **state)
{
	struct bytes b = bytes_of(HEAD CONFIG "u8 0x77");
	const struct hpt_qemu_item *item;
	struct hpt_error first, again;
	struct hpt_qemu *q;
	const void *bytes;
	uint64_t offset;
	size_t n;
	int code;

	(void)state;
	assert_int_equal(hpt_qemu_open_memory(b.data, b.len, NULL, &q, NULL), 0);
	unit_poison(&first);
	code = hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &first);
	assert_int_equal(code, HPT_ERR_FORMAT);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, NULL), code);
	assert_int_equal(hpt_qemu_next(q, &item, NULL), code);
	assert_int_equal(hpt_qemu_rest(q, 0, &bytes, &n, &offset, NULL), code);
	assert_int_equal(hpt_qemu_next(q, &item, &again), code);
	assert_memory_equal(&again, &first, sizeof(first));
	assert_int_equal(hpt_qemu_rest(q, 0, &bytes, &n, &offset, &again), code);
	assert_memory_equal(&again, &first, sizeof(first));
	hpt_qemu_close(q);
	bytes_free(&b);
}

static void test_qmp(void **state)
{
	struct hpt_qmp_before before = { .size = sizeof(before) - 1, .fd = -1 };
	static const char *const says[] = {
		"hpt_qmp_restore: a NULL, or a structure that is too small",
		"a guest that runs needs a build with jansson, which this is not",
	};
	bool here = has_feature("QEMU's description");
	int code = here ? HPT_ERR_ARGUMENT : HPT_ERR_UNSUPPORTED;

	(void)state;
	REFUSED(hpt_qmp_restore(NULL, &before, NULL, E), code, says[!here]);
	REFUSED(hpt_qmp_restore("/none", NULL, NULL, E), code, says[!here]);
	REFUSED(hpt_qmp_restore("/none", &before, NULL, E), code, says[!here]);
}

/* A CPU with one segment of 4K pages, by itself or by Linux's rule. */
static void make_cpu(struct hpt_cpu *cpu)
{
	cpu->size = sizeof(*cpu);
	assert_int_equal(hpt_cpu_init(cpu, HPT_CPU_POWER9, HPT_PLATFORM_PSERIES, NULL), 0);
	cpu->slb_n = 1;
	cpu->slb[0] = (struct hpt_slb_entry){ HPT_SLB_VALID, UINT64_C(0x123) << 12 };
}

static void test_cpu(void **state)
{
	static unsigned char bytes[1040];
	struct hpt_page_sizes none = { .size = sizeof(none) };
	struct hpt_slb_entry entry = { HPT_SLB_VALID, 0 };
	struct hpt_cpu cpu;
	char text[80];

	(void)state;
	make_cpu(&cpu);
	ARGUMENT(hpt_cpu_init(&cpu, HPT_CPU_POWER9, (enum hpt_platform)3, E),
		 "CPU: processor 5 on platform 3 is not known");
	ARGUMENT(hpt_cpu_init(&cpu, HPT_CPU_COUNT, HPT_PLATFORM_BARE, E),
		 "CPU: processor 7 on platform 1 is not known");
	ARGUMENT(hpt_cpu_from_kvm_sregs(&cpu, NULL, 1040, HPT_BIG_ENDIAN, E),
		 "struct kvm_sregs: NULL");
	ARGUMENT(hpt_cpu_add_segment(&cpu, NULL, E), "SLB entry: NULL");
	ARGUMENT(hpt_cpu_add_slb_shadow(&cpu, NULL, 16, E), "SLB shadow buffer: NULL");
	cpu.platform = (enum hpt_platform)3;
	ARGUMENT(hpt_cpu_add_segment(&cpu, &entry, E), "struct hpt_cpu: platform is 3");
	make_cpu(&cpu);
	cpu.sizes = &none;
	ARGUMENT(hpt_cpu_add_segment(&cpu, &entry, E),
		 "struct hpt_cpu: 0 base page sizes, expected 1 to 8");
	none.n = 9;
	ARGUMENT(hpt_cpu_add_segment(&cpu, &entry, E),
		 "struct hpt_cpu: 9 base page sizes, expected 1 to 8");
	cpu.size = 8;
	snprintf(text, sizeof(text), "struct hpt_cpu: size is 8, expected at least %zu",
		 sizeof(cpu));
	ARGUMENT(hpt_cpu_from_kvm_sregs(&cpu, bytes, sizeof(bytes), HPT_BIG_ENDIAN, E), text);
}

static void test_linux(void **state)
{
	struct hpt_linux rule = { .size = sizeof(rule),
				  .page_shift = 16,
				  .va_bits = 68,
				  .kernel_segment_shift = 40,
				  .user_segment_shift = 40,
				  .user_context = 1 };
	const struct hpt_page_sizes big = {
		.size = sizeof(big),
		.n = 1,
		.base = { { 24, 0x100, 1, { { 24, 0 } } } },
	};
	struct hpt_va va = { .vsid = 0, .segment_shift = 40 };
	struct hpt_linux_place place;
	struct hpt_slb_entry out;
	uint64_t context, ea;

	(void)state;
	ARGUMENT(hpt_linux_segment(&rule, NULL, 0, &out, E), "Linux segment: no page sizes");
	ARGUMENT(hpt_linux_segment(&rule, &big, 0x1000, &out, E),
		 "Linux segment: this CPU has no base pages of 4K");
	ARGUMENT(hpt_linux_context(1, 30, 68, &place, E),
		 "Linux VSID: segment shift is 30, expected 28 or 40");
	REFUSED(hpt_linux_ea(&rule, &va, &context, &ea, E), HPT_ERR_FORM,
		"Linux VSID: 0x0 is none, expected 1 to 0xffffffe");
	rule.page_shift = 14;
	ARGUMENT(hpt_linux_ea(&rule, &va, &context, &ea, E),
		 "struct hpt_linux: page_shift is 14, expected 12 or 16");
}

/* Memory that fails at the n-th reading. */
struct failing_memory {
	unsigned left;
};

static int memory_read(void *ctx, uint64_t ra, size_t len, void *bytes, struct hpt_error *e)
{
	struct failing_memory *m = ctx;

	(void)ra;
	if (!m->left--)
		return hpt_error_fill(e, HPT_ERR_SYSTEM, EIO, "the memory broke");
	memset(bytes, 0, len);
	return 0;
}

static int memory_write(void *ctx, uint64_t ra, size_t len, const void *bytes,
			struct hpt_error *e)
{
	struct failing_memory *m = ctx;

	(void)ra, (void)len, (void)bytes;
	return m->left-- ? 0 : hpt_error_fill(e, HPT_ERR_SYSTEM, EIO, "the memory broke");
}

static void test_memory(void **state)
{
	const struct hpt_memory_ops no_read = { .size = sizeof(no_read) };
	const struct hpt_memory_ops ops = { .size = sizeof(ops), .read = memory_read };
	struct hpt_slb_entry entry;
	struct failing_memory m = { 0 };
	struct hpt_table *table;
	struct hpt_cpu cpu;

	(void)state;
	make_cpu(&cpu);
	cpu.ptcr = 0x1000000;
	ARGUMENT(hpt_ram_open(NULL, NULL, 0, 18, NULL, &table, E), "RAM table: NULL");
	ARGUMENT(hpt_ram_open(&no_read, NULL, 0, 18, NULL, &table, E),
		 "struct hpt_memory_ops: no read");
	REFUSED(hpt_ram_open(&ops, NULL, 0, 17, NULL, &table, E), HPT_ERR_ORDER,
		"order is 17, expected 18 to 46");
	ARGUMENT(hpt_find_table(&cpu, &no_read, NULL, NULL, &table, E),
		 "struct hpt_memory_ops: no read");
	ARGUMENT(hpt_segment_table_lookup(&no_read, NULL, 0, 0x1000, 0, 0, &entry, E),
		 "struct hpt_memory_ops: no read");
	ARGUMENT(hpt_segment_table_lookup(&ops, &m, 0, 0x1000, 0, 0, NULL, E),
		 "segment table: nowhere to put the entry");
	REFUSED((m.left = 0, hpt_segment_table_lookup(&ops, &m, 0, 0x1000, 0, 0, &entry, E)),
		HPT_ERR_SYSTEM, "cannot read the segment table: the memory broke");
	REFUSED((m.left = 0, hpt_find_table(&cpu, &ops, &m, NULL, &table, E)), HPT_ERR_SYSTEM,
		"cannot read the partition table: the memory broke");
}

/* Each store of an entry may be the one that fails, and each reading. */
static void test_ram(void **state)
{
	const struct hpt_memory_ops ops = { .size = sizeof(ops),
					    .read = memory_read,
					    .write = memory_write };
	const struct hpt_entry in[2] = { { 1, 2 }, { 3, 4 } };

	(void)state;
	for (uint32_t live = 0; live <= HPT_MEMORY_LIVE; live += HPT_MEMORY_LIVE) {
		const struct hpt_memory_options o = { sizeof(o), live };
		unsigned stores = live ? 3 : 1, readings = live ? 4 : 1;
		struct failing_memory m;
		struct hpt_entry out[2];
		struct hpt_table *table;

		assert_int_equal(hpt_ram_open(&ops, &m, 0, 18, &o, &table, NULL), 0);
		for (unsigned n = 0; n < 2 * stores; n++) {
			REFUSED((m.left = n, hpt_table_write(table, 6, 2, in, E)),
				HPT_ERR_SYSTEM, "the memory broke");
			m.left = n;
			assert_int_equal(hpt_table_write(table, 6, 2, in, &err),
					 HPT_ERR_SYSTEM);
			assert_int_equal(err.has, HPT_ERROR_HAS_PTEX);
			assert_int_equal(err.ptex, 6 + n / stores);
		}
		m.left = 2 * stores;
		assert_int_equal(hpt_table_write(table, 6, 2, in, NULL), 0);
		for (unsigned n = 0; n < readings; n++)
			REFUSED((m.left = n, hpt_table_read(table, 6, 2, out, E)),
				HPT_ERR_SYSTEM, "the memory broke");
		m.left = readings;
		assert_int_equal(hpt_table_read(table, 6, 2, out, NULL), 0);
		hpt_table_close(table);
	}
}

/* A table that fails at its n-th reading; all else of it is empty. */
static int table_read(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		      struct hpt_error *e)
{
	struct failing_memory *m = ctx;

	(void)ptex;
	if (!m->left--)
		return hpt_error_fill(e, HPT_ERR_SYSTEM, EIO, "the table broke");
	memset(out, 0, n * sizeof(*out));
	return 0;
}

#define EA UINT64_C(0x1234000)

/* Walks of @groups readings each: at whichever it fails, that is the answer. */
static void check_walks(const struct hpt_cpu *cpu, struct hpt_table *table,
			struct failing_memory *m, unsigned groups)
{
	struct hpt_translation x[2] = { { .size = sizeof(x[0]) } };
	struct hpt_explanation e = { .size = sizeof(e) };
	const uint64_t ea[2] = { EA, EA + 0x1000 };
	const enum hpt_access read = HPT_ACCESS_READ;

	for (unsigned n = 0; n < groups; n++) {
		REFUSED((m->left = n, hpt_translate(cpu, table, EA, read, 0, x, E)),
			HPT_ERR_SYSTEM, "the table broke");
		REFUSED((m->left = n, hpt_translate_update(cpu, table, EA, read, 0, x, E)),
			HPT_ERR_SYSTEM, "the table broke");
	}
	/* The access, and then a fetch. */
	for (unsigned n = 0; n < 2 * groups; n++)
		REFUSED((m->left = n,
			 hpt_translate(cpu, table, EA, read, HPT_XLATE_ANY, x, E)),
			HPT_ERR_SYSTEM, "the table broke");
	for (unsigned n = 0; n < 4 * groups; n++) {
		REFUSED((m->left = n,
			 hpt_translate_many(cpu, table, ea, 2, read, HPT_XLATE_ANY, x, E)),
			HPT_ERR_SYSTEM, "the table broke");
		m->left = n;
		assert_int_equal(
			hpt_translate_many(cpu, table, ea, 2, read, HPT_XLATE_ANY, x, &err),
			HPT_ERR_SYSTEM);
		assert_int_equal(err.address, ea[n / (2 * groups)]);
	}
	/* The walk, and then each group once more to tell of it. */
	for (unsigned n = 0; n < groups + 2; n++)
		REFUSED((m->left = n, hpt_explain(cpu, table, EA, read, 0, &e, E)),
			HPT_ERR_SYSTEM, "the table broke");
	m->left = 4 * groups;
	assert_int_equal(hpt_translate_many(cpu, table, ea, 2, read, HPT_XLATE_ANY, x, NULL),
			 0);
	assert_int_equal(m->left, 0);
	assert_int_equal(x[1].outcome, HPT_OUTCOME_NO_ENTRY);
	m->left = groups + 2;
	assert_int_equal(hpt_explain(cpu, table, EA, read, 0, &e, NULL), 0);
	assert_int_equal(m->left, 0);
}

static void test_walks(void **state)
{
	static const struct hpt_table_ops ops = { .size = sizeof(ops), .read = table_read };
	const struct hpt_table_config config = { .size = sizeof(config),
						 .backend = "broken",
						 .order = 18 };
	struct hpt_linux rule = { .size = sizeof(rule),
				  .page_shift = 16,
				  .va_bits = 68,
				  .kernel_segment_shift = 40,
				  .user_segment_shift = 40,
				  .user_context = 5 };
	struct failing_memory m = { 0 };
	struct hpt_table *table;
	struct hpt_cpu cpu;

	(void)state;
	make_cpu(&cpu);
	assert_int_equal(hpt_table_open(&ops, &m, &config, &table, NULL), 0);
	check_walks(&cpu, table, &m, 2);
	cpu.slb_n = 0;
	cpu.linux_rule = &rule;
	/* 4K, 64K and 16M pages in a segment of 256M. */
	check_walks(&cpu, table, &m, 3 * 2);
	hpt_table_close(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_handles), cmocka_unit_test(test_guest_parts),
		cmocka_unit_test(test_guest_memory),  cmocka_unit_test(test_qemu_open),
		cmocka_unit_test(test_qemu),          cmocka_unit_test(test_qemu_failed),
		cmocka_unit_test(test_qmp),           cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_linux),         cmocka_unit_test(test_memory),
		cmocka_unit_test(test_ram),           cmocka_unit_test(test_walks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
