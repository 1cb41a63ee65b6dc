/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A real saved guest against what QEMU's monitor and the guest itself said of it: registers,
 * SLB, and memory by effective address. And a bare machine made by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>

#include "guest_saved.h"

#define LINE 4096
#define SLB_ROOM 64

static bool data_path(char *out, size_t room, const char *name)
{
	const char *data = getenv("HPT_TEST_DATA");

	snprintf(out, room, "%s/guest/%s", data ? data : "tests/data", name);
	return access(out, R_OK) == 0;
}

static FILE *open_data(const char *name)
{
	char path[LINE];
	FILE *file;

	data_path(path, sizeof(path), name);
	file = fopen(path, "r");
	assert_non_null(file);
	return file;
}

static struct hpt_guest *open_guest(void)
{
	struct hpt_guest_options options = { .size = sizeof(options),
					     .flags = HPT_GUEST_MEMORY };
	bool compressed = has_feature("compressed files");
	struct hpt_guest *guest = NULL;
	struct hpt_error err;
	char path[LINE];

	if (!has_feature("QEMU's description") || !data_path(path, sizeof(path), "guest.regs") ||
	    !data_path(path, sizeof(path), compressed ? "guest.mig.xz" : "guest.mig"))
		return NULL;
	if (hpt_guest_open(path, &options, &guest, &err))
		fail_msg("%s", err.text);
	return guest;
}

/* The value of "NAME value" in a line of the monitor's, NAME standing alone. */
static bool value_in(const char *line, const char *name, uint64_t *value)
{
	const char *at = line;
	size_t len = strlen(name);

	for (; (at = strstr(at, name)); at += len) {
		if (at[len] != ' ' || (at > line && at[-1] != ' '))
			continue;
		return sscanf(at + len, "%" SCNx64, value) == 1;
	}
	return false;
}

static unsigned int check_named(const char *line, const struct hpt_guest_vcpu *v)
{
	const struct {
		const char *name;
		uint64_t value;
	} named[] = {
		{ "NIP", v->nip },      { "LR", v->lr },           { "CTR", v->ctr },
		{ "XER", v->xer },      { "MSR", v->msr },         { "CR", v->cr },
		{ "FPSCR", v->fpscr },  { "SRR0", v->spr[26] },    { "SRR1", v->spr[27] },
		{ "PVR", v->spr[287] }, { "VRSAVE", v->spr[256] }, { "SPRG0", v->spr[272] },
		{ "SPRG1", v->spr[273] }, { "SPRG2", v->spr[274] }, { "SPRG3", v->spr[275] },
		{ "HSRR0", v->spr[314] }, { "HSRR1", v->spr[315] }, { "CFAR", v->spr[28] },
		{ "LPCR", v->spr[318] }, { "SDR1", v->spr[25] },   { "DAR", v->spr[19] },
		{ "DSISR", v->spr[18] },
	};
	unsigned int n = 0;
	uint64_t value;
	size_t i;

	for (i = 0; i < N(named); i++) {
		if (!value_in(line, named[i].name, &value))
			continue;
		if (value != named[i].value)
			fail_msg("%s 0x%" PRIx64 ", expected 0x%" PRIx64, named[i].name,
				 named[i].value, value);
		n++;
	}
	return n;
}

/* "GPR04 a b c d" */
static unsigned int check_row(const char *line, const char *name, const uint64_t *values)
{
	uint64_t value[4];
	unsigned int first, i;

	if (strncmp(line, name, 3) ||
	    sscanf(line + 3, "%2u %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &first,
		   &value[0], &value[1], &value[2], &value[3]) != 5)
		return 0;
	for (i = 0; i < 4; i++)
		assert_int_equal(values[first + i], value[i]);
	return 4;
}

static void registers(void **state)
{
	struct hpt_guest *guest = open_guest();
	struct hpt_guest_vcpu v = { .size = sizeof(v) };
	unsigned int n = 0, cpu;
	char line[LINE];
	FILE *file;

	(void)state;
	if (!guest)
		skip();
	file = open_data("guest.regs");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "# cpu %u", &cpu) == 1) {
			assert_int_equal(hpt_guest_vcpu(guest, cpu, &v, NULL), 0);
			assert_int_equal(v.id, cpu);
			continue;
		}
		n += check_named(line, &v);
		n += check_row(line, "GPR", v.gpr);
		n += check_row(line, "FPR", v.fpr);
	}
	fclose(file);
	assert_int_equal(n, 2 * (22 + 64));
	hpt_guest_close(guest);
}

static void check_slb(const struct hpt_guest *guest, size_t i,
		      const struct hpt_slb_entry told[SLB_ROOM])
{
	struct hpt_guest_vcpu v = { .size = sizeof(v) };
	size_t slot;

	assert_int_equal(hpt_guest_vcpu(guest, i, &v, NULL), 0);
	for (slot = 0; slot < SLB_ROOM; slot++) {
		assert_int_equal(v.slb[slot].esid, told[slot].esid);
		assert_int_equal(v.slb[slot].vsid, told[slot].vsid);
	}
}

/* The monitor lists the slots that are not all zero. */
static void segments(void **state)
{
	struct hpt_slb_entry told[2][SLB_ROOM] = { { { 0 } } };
	struct hpt_guest *guest = open_guest();
	unsigned int cpu = 0, slot, n = 0;
	struct hpt_slb_entry entry;
	char line[LINE];
	FILE *file;

	(void)state;
	if (!guest)
		skip();
	file = open_data("guest.tlb");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "# cpu %u", &cpu) == 1)
			continue;
		if (sscanf(line, "%u 0x%" SCNx64 " 0x%" SCNx64, &slot, &entry.esid,
			   &entry.vsid) != 3)
			continue;
		assert_true(cpu < 2 && slot < SLB_ROOM);
		told[cpu][slot] = entry;
		n++;
	}
	fclose(file);
	assert_true(n > 10);
	check_slb(guest, 0, told[0]);
	check_slb(guest, 1, told[1]);
	hpt_guest_close(guest);
}

/* "word CPU EA VALUE": what the guest itself read there. */
static void words(void **state)
{
	struct hpt_guest *guest = open_guest();
	unsigned char bytes[8];
	struct hpt_error err;
	uint64_t ea, expected, value;
	unsigned int n = 0, cpu, i;
	char line[LINE];
	FILE *file;

	(void)state;
	if (!guest)
		skip();
	file = open_data("guest.console");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "word %u %" SCNx64 " %" SCNx64, &cpu, &ea, &expected) != 3)
			continue;
		if (hpt_guest_read_ea(guest, cpu, ea, sizeof(bytes), bytes, &err))
			fail_msg("%s", err.text);
		for (value = 0, i = 0; i < 8; i++)
			value = value << 8 | bytes[i];
		if (value != expected)
			fail_msg("%s: found %" PRIx64, line, value);
		n++;
	}
	fclose(file);
	assert_true(n > 100);
	hpt_guest_close(guest);
}

/* Over the end of a mapping, and where there is none: nothing is put out. */
static void not_mapped(void **state)
{
	struct hpt_guest *guest = open_guest();
	unsigned char bytes[64], before[64];
	struct hpt_error err;

	(void)state;
	if (!guest)
		skip();
	memset(bytes, 0x5a, sizeof(bytes));
	memset(before, 0x5a, sizeof(before));
	assert_int_equal(hpt_guest_read_ea(guest, 0, 0x123456789000, 4, bytes, &err),
			 HPT_ERR_RANGE);
	assert_string_equal(err.text, "effective address 0x123456789000: no segment");
	assert_int_equal(err.address, 0x123456789000);
	assert_int_equal(hpt_guest_read_ea(guest, 0, 0x10013ff0, 64, bytes, &err),
			 HPT_ERR_RANGE);
	assert_string_equal(err.text, "effective address 0x10014000: no entry");
	assert_int_equal(err.address, 0x10014000);
	assert_int_equal(hpt_guest_read_ea(guest, 0, UINT64_MAX, 2, bytes, &err),
			 HPT_ERR_RANGE);
	assert_int_equal(hpt_guest_read_ea(guest, 2, 0, 1, bytes, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_guest_read_ea(guest, 0, 0, 1, NULL, &err), HPT_ERR_ARGUMENT);
	assert_memory_equal(bytes, before, sizeof(bytes));
	hpt_guest_close(guest);
}

#define RAM_PAGES 512
#define TABLE_RA 0x40000
#define VSID 0x1234

/* A bare 970 or POWER8: a table in RAM by SDR1, one segment, one page. */
struct bare {
	uint64_t pvr;
	uint64_t sdr1;
	uint64_t msr;
};

static void put_cpu(struct bytes *b, const struct bare *bare)
{
	unsigned int i;

	bytes_append(b, FULL("20", "cpu", "0") "fill 296 0 u64 0 ");
	for (i = 0; i < 1024; i++)
		bytes_put(b, i == 25 ? bare->sdr1 : i == 287 ? bare->pvr : 0, 8, 0);
	bytes_append(b, "u64 0 u64 0 ");
	bytes_put(b, bare->msr, 8, 0);
	bytes_append(b, "u64 0 u8 5 p\"cpu/slb\" u32 1 u64 0x18000000 ");
	bytes_put(b, (uint64_t)VSID << 12 | 0x400, 8, 0);
	bytes_append(b, "fill 1008 0 " FOOT("20"));
}

static struct bytes bare_machine(const struct bare *bare)
{
	struct bytes b = bytes_of(HEAD "u8 7 s\"mac99\" " START(
		"2", "ram", "4") "u64 0x200004 p\"ppc_core99.ram\" u64 0x200000 " EOS FOOT("2")
					  PART("2"));
	struct hpt_va va = { .vsid = VSID, .offset = 0x5000, .segment_shift = 28 };
	uint64_t ra = TABLE_RA + hpt_hash_pteg(hpt_va_hash(&va, 12), 18, false) * 128;
	struct hpt_entry entry = { hpt_va_avpn(&va, 12) | HPT_V_VALID, 0x9000 | 0x192 };
	unsigned char page[4096] = { 0 };

	hpt_entries_to_bytes(&entry, 1, page + ra % 4096 + 16);
	bytes_put(&b, (ra & ~UINT64_C(4095)) | 8, 8, 0);
	bytes_append(&b, "p\"ppc_core99.ram\" ");
	bytes_fill(&b, sizeof(page), 0);
	memcpy(b.data + b.len - sizeof(page), page, sizeof(page));
	bytes_append(&b, "u64 0x9022 u8 0x99 " EOS FOOT("2") END("2") EOS FOOT("2"));
	put_cpu(&b, bare);
	bytes_append(&b, STREAM_END);
	return b;
}

static void bare_machines(void **state)
{
	static const struct bare cases[] = {
		{ 0x3c0301, TABLE_RA, 0x30 },
		{ 0x4d0200, TABLE_RA, UINT64_C(0x9000000000000030) },
	};
	struct hpt_table *table, *again;
	struct hpt_guest *guest;
	struct hpt_error err;
	unsigned char byte;
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		b = bare_machine(&cases[i]);
		guest = must_open_saved(&b, 0, false);
		if (hpt_guest_table(guest, &table, &err))
			fail_msg("%s", err.text);
		assert_int_equal(hpt_guest_table(guest, &again, &err), 0);
		assert_ptr_equal(table, again);
		assert_int_equal(hpt_table_order(table), 18);
		assert_int_equal(hpt_guest_read_ea(guest, 0, 0x10005123, 1, &byte, &err), 0);
		assert_int_equal(byte, 0x99);
		assert_int_equal(hpt_guest_read_ea(guest, 0, 0x10006000, 1, &byte, &err),
				 HPT_ERR_RANGE);
		hpt_guest_close(guest);
		/* What can only be read forward is kept for the table's sake. */
		guest = must_open_saved(&b, 0, true);
		assert_int_equal(hpt_guest_table(guest, &table, &err), 0);
		assert_int_equal(hpt_table_order(table), 18);
		assert_int_equal(hpt_guest_read_ea(guest, 0, 0x10005123, 1, &byte, &err), 0);
		assert_int_equal(byte, 0x99);
		hpt_guest_close(guest);
		bytes_free(&b);
	}
}

/* SDR1 that leads out of memory: found when it is read, at that address. */
static void table_beyond_memory(void **state)
{
	struct bare bare = { 0x3c0301, 0x40000000, 0x30 };
	struct bytes b = bare_machine(&bare);
	struct hpt_guest *guest = must_open_saved(&b, 0, false);
	struct hpt_table *table;
	struct hpt_error err;
	unsigned char byte;

	(void)state;
	assert_int_equal(hpt_guest_table(guest, &table, &err), 0);
	assert_int_equal(hpt_guest_read_ea(guest, 0, 0x10005123, 1, &byte, &err),
			 HPT_ERR_RANGE);
	assert_non_null(strstr(err.text, "there is no RAM"));
	hpt_guest_close(guest);
	bytes_free(&b);
	bare.sdr1 = 0;
	b = bare_machine(&bare);
	guest = must_open_saved(&b, 0, false);
	assert_int_equal(hpt_guest_table(guest, &table, &err), HPT_ERR_NO_HPT);
	hpt_guest_close(guest);
	bytes_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers),
		cmocka_unit_test(segments),
		cmocka_unit_test(words),
		cmocka_unit_test(not_mapped),
		cmocka_unit_test(bare_machines),
		cmocka_unit_test(table_beyond_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
