/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The guest of our own (tests/guest): every address that it used, every fault that a CPU gave
 * it, and QEMU's monitor about the same.
 */

#include "unit.h"

#include <hpt/mmu.h>

#define GUEST_ORDER 21
#define CPUS 2

static struct {
	struct hpt_table *table; /* by the guest's own record */
	struct hpt_qemu *q;
	char *file;
	struct hpt_table *saved;    /* in the migration file */
	struct hpt_cpu cpu[CPUS];   /* by the guest's own record */
	struct hpt_cpu asked[CPUS]; /* as the monitor has them */
	char *console;
} g;

static char *load_text(const char *path)
{
	size_t len;

	return unit_load(path, &len);
}

/* Call @fn with each line of a text that begins with @word and a space. */
static unsigned each_line(const char *text, const char *word, void (*fn)(const char *line))
{
	size_t len = strlen(word);
	unsigned n = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!*line || strncmp(line, word, len) || (len && line[len] != ' '))
			continue;
		fn(line);
		n++;
	}
	return n;
}

static void take_entry(const char *line)
{
	unsigned long long ptex, v, r;
	struct hpt_entry e;

	if (sscanf(line, "%llx %llx %llx", &ptex, &v, &r) != 3)
		return;
	e = (struct hpt_entry){ v, r };
	assert_int_equal(hpt_table_write(g.table, ptex, 1, &e, NULL), 0);
}

static void take_slb(const char *line)
{
	unsigned cpu, slot;
	unsigned long long esid, vsid;

	assert_int_equal(sscanf(line, "slb %u %u %llx %llx", &cpu, &slot, &esid, &vsid), 4);
	assert_true(cpu < CPUS && slot < HPT_SLB_MAX);
	g.cpu[cpu].slb[slot] = (struct hpt_slb_entry){ esid, vsid };
	if (g.cpu[cpu].slb_n <= slot)
		g.cpu[cpu].slb_n = slot + 1;
}

static void take_amr(const char *line)
{
	unsigned cpu;
	unsigned long long value;

	assert_int_equal(sscanf(line, "amr %u %llx", &cpu, &value), 2);
	g.cpu[cpu].amr = value;
}

static void take_iamr(const char *line)
{
	unsigned cpu;
	unsigned long long value;

	assert_int_equal(sscanf(line, "iamr %u %llx", &cpu, &value), 2);
	g.cpu[cpu].iamr = value;
}

/* The monitor's registers and SLB, which has a slot without V besides. */
static unsigned monitor_cpu;

static void take_monitor_line(const char *line)
{
	unsigned cpu, slot;
	unsigned long long a, b;
	struct hpt_cpu *asked = &g.asked[monitor_cpu];

	if (sscanf(line, "# cpu %u", &cpu) == 1) {
		monitor_cpu = cpu;
	} else if (sscanf(line, "MSR %llx", &a) == 1) {
		asked->msr = a;
	} else if (sscanf(line, " LPCR %llx", &a) == 1) {
		asked->lpcr = a;
	} else if (sscanf(line, "%u 0x%llx 0x%llx", &slot, &a, &b) == 3) {
		asked->slb[slot] = (struct hpt_slb_entry){ a, b };
		if (asked->slb_n <= slot)
			asked->slb_n = slot + 1;
	}
}

static void take_monitor(const char *path)
{
	char *text = load_text(path);

	each_line(text, "", take_monitor_line);
	free(text);
}

static void open_saved(void)
{
	size_t len;

	g.file = unit_load("guest/guest.mig", &len);
	assert_int_equal(hpt_qemu_open_memory(g.file, len, NULL, &g.q, NULL), 0);
	assert_int_equal(hpt_qemu_read(g.q, HPT_QEMU_UNTIL_TABLE, NULL), 0);
	assert_int_equal(hpt_qemu_table(g.q, &g.saved, NULL), 0);
}

static int set_up(void **state)
{
	char *truth = load_text("guest/guest.truth");

	(void)state;
	g.console = load_text("guest/guest.console");
	assert_int_equal(hpt_sparse_open(GUEST_ORDER, &g.table, NULL), 0);
	each_line(truth, "", take_entry);
	free(truth);
	open_saved();
	for (unsigned i = 0; i < CPUS; i++) {
		g.cpu[i].size = g.asked[i].size = sizeof(g.cpu[i]);
		hpt_cpu_init(&g.cpu[i], HPT_CPU_POWER8, HPT_PLATFORM_PSERIES, NULL);
		hpt_cpu_init(&g.asked[i], HPT_CPU_POWER8, HPT_PLATFORM_PSERIES, NULL);
	}
	/* The second CPU works in problem state. */
	g.cpu[1].msr |= HPT_MSR_PR;
	each_line(g.console, "slb", take_slb);
	each_line(g.console, "amr", take_amr);
	each_line(g.console, "iamr", take_iamr);
	take_monitor("guest/guest.regs");
	take_monitor("guest/guest.tlb");
	for (unsigned i = 0; i < CPUS; i++) {
		/* "info registers" does not have these two. */
		g.asked[i].amr = g.cpu[i].amr;
		g.asked[i].iamr = g.cpu[i].iamr;
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	hpt_table_close(g.table);
	hpt_qemu_close(g.q); /* and the table that is its own */
	free(g.file);
	free(g.console);
	return 0;
}

static struct hpt_translation look(const struct hpt_cpu *cpu, const struct hpt_table *table,
				   uint64_t ea, enum hpt_access access, uint32_t flags)
{
	struct hpt_translation x = { .size = sizeof(x) };
	struct hpt_error err;

	unit_poison(&err);
	unit_ok(hpt_translate(cpu, table, ea, access, flags, &x, &err), &err);
	return x;
}

static void expect(const struct hpt_cpu *cpu, const struct hpt_table *table, uint64_t ea,
		   bool mapped, uint64_t ra)
{
	struct hpt_translation x = look(cpu, table, ea, HPT_ACCESS_READ, HPT_XLATE_ANY);

	if (mapped != (x.outcome == HPT_OUTCOME_MAPPED) || (mapped && x.ra != ra))
		fail_msg("%#llx: %s, %#llx; expected %s, %#llx", ULL(ea),
			 hpt_outcome_name(x.outcome), ULL(x.ra),
			 mapped ? "mapped" : "unmapped", ULL(ra));
	if (!mapped)
		return;
	/* A debugger has it, too, whatever the state. */
	x = look(cpu, table, ea, HPT_ACCESS_WRITE, HPT_XLATE_DEBUG);
	assert_int_equal(x.outcome, HPT_OUTCOME_MAPPED);
	assert_int_equal(x.ra, ra);
}

static void check_map(const char *line)
{
	unsigned cpu;
	unsigned long long ea, ra;

	assert_int_equal(sscanf(line, "map %u %llx %llx", &cpu, &ea, &ra), 3);
	expect(&g.cpu[cpu], g.table, ea, true, ra);
	expect(&g.cpu[cpu], g.saved, ea, true, ra);
}

static void check_unmapped(const char *line)
{
	unsigned cpu;
	unsigned long long ea;

	assert_int_equal(sscanf(line, "unmapped %u %llx", &cpu, &ea), 2);
	expect(&g.cpu[cpu], g.table, ea, false, 0);
	expect(&g.cpu[cpu], g.saved, ea, false, 0);
}

static void test_addresses(void **state)
{
	unsigned mapped = each_line(g.console, "map", check_map);
	unsigned unmapped = each_line(g.console, "unmapped", check_unmapped);

	(void)state;
	print_message("# %u mapped, %u unmapped\n", mapped, unmapped);
	assert_true(mapped > 500 && unmapped > 200);
}

/* The number behind a word of a line. */
static uint64_t number(const char *line, const char *word)
{
	const char *p = strstr(line, word);

	if (!p || p > line + strcspn(line, "\n"))
		fail_msg("\"%.60s\" has no%s", line, word);
	return strtoull(p + strlen(word), NULL, 16);
}

static unsigned fault_kinds;

/* The interrupt, its bits and its address: all as the CPU gave them. */
static void check_fault(const char *line)
{
	struct hpt_translation x;
	char how;
	unsigned cpu;
	unsigned long long ea, vector;

	assert_int_equal(
		sscanf(line, "fault %u %c%*s %llx vector %llx", &cpu, &how, &ea, &vector), 4);
	x = look(&g.cpu[cpu], g.table, ea,
		 how == 'l'   ? HPT_ACCESS_READ
		 : how == 's' ? HPT_ACCESS_WRITE
			      : HPT_ACCESS_FETCH,
		 0);
	if (x.interrupt != vector)
		fail_msg("%.70s: vector is %#x", line, x.interrupt);
	switch (vector) {
	case 0x300:
		assert_int_equal(x.has & (HPT_HAS_DSISR | HPT_HAS_DAR),
				 HPT_HAS_DSISR | HPT_HAS_DAR);
		assert_int_equal(x.dsisr, number(line, " dsisr "));
		assert_int_equal(x.dar, number(line, " dar "));
		break;
	case 0x380:
		assert_true(x.has & HPT_HAS_DAR);
		assert_int_equal(x.dar, number(line, " dar "));
		break;
	case 0x400:
	case 0x480:
		/* The rest of SRR1 is MSR. */
		assert_true(x.has & HPT_HAS_SRR1);
		assert_int_equal(x.srr1, number(line, " srr1 ") & HPT_SRR1_REASONS);
		break;
	default:
		fail_msg("%.70s: no such vector is expected", line);
	}
	fault_kinds |= 1u << x.outcome;
}

static void test_faults(void **state)
{
	unsigned n = each_line(g.console, "fault", check_fault);

	(void)state;
	print_message("# %u faults\n", n);
	assert_true(n > 60);
	assert_int_equal(fault_kinds,
			 1u << HPT_OUTCOME_NO_SEGMENT | 1u << HPT_OUTCOME_NO_ENTRY |
				 1u << HPT_OUTCOME_PROTECTION | 1u << HPT_OUTCOME_KEY |
				 1u << HPT_OUTCOME_NO_EXECUTE);
}

static void check_oracle(const char *line)
{
	unsigned cpu;
	unsigned long long ea, ra = 0;
	bool mapped;

	if (sscanf(line, "%u %llx", &cpu, &ea) != 2)
		return;
	mapped = sscanf(line, "%*u %*x %llx", &ra) == 1;
	expect(&g.asked[cpu], g.saved, ea, mapped, ra);
}

static void test_oracle(void **state)
{
	char *oracle = load_text("guest/guest.oracle");
	unsigned n = each_line(oracle, "", check_oracle);

	(void)state;
	print_message("# %u lines\n", n);
	assert_true(n > 1000);
	free(oracle);
}

/* What the table says of each entry is what its own virtual address finds. */
static int find_back(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	unsigned *found = arg;

	for (size_t i = 0; i < n; i++) {
		struct hpt_page page;
		struct hpt_cpu cpu = { .size = sizeof(cpu) };
		struct hpt_translation x;
		struct hpt_va va;

		hpt_cpu_init(&cpu, HPT_CPU_POWER8, HPT_PLATFORM_PSERIES, NULL);
		assert_int_equal(hpt_entry_page(cpu.sizes, entries[i], &page, NULL), 0);
		assert_int_equal(hpt_entry_va(entries[i], ptex + i, GUEST_ORDER,
					      page.base_shift, &va, NULL),
				 0);
		cpu.slb[0].esid = HPT_SLB_VALID;
		cpu.slb[0].vsid = va.segment_shift == 40 ? UINT64_C(1) << 62 | va.vsid << 24
							 : va.vsid << 12;
		for (unsigned b = 0; b < cpu.sizes->n; b++)
			if (cpu.sizes->base[b].shift == page.base_shift)
				cpu.slb[0].vsid |= cpu.sizes->base[b].slb_enc;
		cpu.slb_n = 1;
		x = look(&cpu, g.saved, va.offset, HPT_ACCESS_READ, HPT_XLATE_DEBUG);
		assert_int_equal(x.outcome, HPT_OUTCOME_MAPPED);
		assert_int_equal(x.ptex, ptex + i);
		assert_int_equal(x.page_shift, page.actual_shift);
		++*found;
	}
	return 0;
}

static void test_every_entry(void **state)
{
	unsigned found = 0;

	(void)state;
	assert_int_equal(hpt_table_each(g.saved, 0, UINT64_MAX, find_back, &found, NULL), 0);
	assert_int_equal(found, 451);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_oracle),
		cmocka_unit_test(test_every_entry),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
