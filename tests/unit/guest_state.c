/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* libhpt-guest: vCPUs and machine state, by descriptions as QEMU writes them and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guest_saved.h"

#define JSON_ROOM 65536
#define SPR_PVR 287
#define POWER8_PVR 0x4d0200

/* How a section "cpu" is written. */
struct form {
	bool narrow;  /* by a 32-bit QEMU */
	bool old;     /* with what machines up to pseries-2.7 add */
	bool slb_nr;  /* with a number of slots */
	bool unknown; /* with a subsection that nobody knows */
	bool list;    /* with a list, of 5 bytes, behind the MSR */
	bool sr;      /* with segment registers */
};

static void put_word(struct bytes *b, const struct form *form, uint64_t value)
{
	bytes_put(b, value, form->narrow ? 4 : 8, 0);
}

static void put_subsection(struct bytes *b, const char *name)
{
	bytes_put(b, 5, 1, 0);
	bytes_put(b, strlen(name), 1, 0);
	bytes_fill(b, strlen(name), 0);
	memcpy(b->data + b->len - strlen(name), name, strlen(name));
	bytes_put(b, 1, 4, 0);
}

static uint64_t spr_value(unsigned int n)
{
	return n == SPR_PVR ? POWER8_PVR : 0x50000 + n;
}

static void put_core(struct bytes *b, const struct form *form)
{
	unsigned int i;

	put_word(b, form, 0);
	for (i = 0; i < 32; i++)
		put_word(b, form, 0x1000 + i);
	if (form->narrow)
		bytes_fill(b, 128, 0);
	for (i = 0; i < 8; i++)
		bytes_put(b, i + 1, 4, 0);
	put_word(b, form, 0xc0de);
	for (i = 0; i < 1024; i++)
		put_word(b, form, spr_value(i));
	bytes_put(b, 0, 8, 0);
	put_word(b, form, 0);
	put_word(b, form, 0x9033);
	put_word(b, form, 0);
	if (form->old)
		bytes_fill(b, 28, 0xee);
	if (form->list)
		bytes_fill(b, 5, 1);
}

static void put_units(struct bytes *b, const struct form *form)
{
	unsigned int i;

	put_subsection(b, "cpu/fpu");
	for (i = 0; i < 32; i++)
		bytes_put(b, 0xf000 + i, 8, 0);
	put_word(b, form, 0xf9);
	put_subsection(b, "cpu/altivec");
	for (i = 0; i < 32; i++) {
		bytes_put(b, 0xa000 + i, 8, 0);
		bytes_put(b, 0xb000 + i, 8, 0);
	}
	bytes_put(b, 0x10000, 4, 0);
	put_subsection(b, "cpu/vsx");
	for (i = 0; i < 32; i++)
		bytes_put(b, 0xd000 + i, 8, 0);
}

static void put_mmu(struct bytes *b, const struct form *form)
{
	unsigned int i;

	if (form->unknown) {
		put_subsection(b, "cpu/tm");
		bytes_fill(b, 77, 5);
	}
	if (form->sr) {
		put_subsection(b, "cpu/sr");
		for (i = 0; i < 32; i++)
			put_word(b, form, 0x700 + i);
		return;
	}
	put_subsection(b, "cpu/slb");
	if (form->slb_nr)
		bytes_put(b, 32, 4, 0);
	for (i = 0; i < 64; i++) {
		bytes_put(b, i % 3 ? (uint64_t)i << 28 | 0x8000000 : 0, 8, 0);
		bytes_put(b, (uint64_t)i << 12 | 0x500, 8, 0);
	}
	put_subsection(b, "cpu/compat");
	bytes_put(b, 0x0f000004, 4, 0);
}

static void put_section(struct bytes *b, unsigned int id, const char *name,
			unsigned int instance)
{
	bytes_put(b, 4, 1, 0);
	bytes_put(b, id, 4, 0);
	bytes_put(b, strlen(name), 1, 0);
	bytes_fill(b, strlen(name), 0);
	memcpy(b->data + b->len - strlen(name), name, strlen(name));
	bytes_put(b, instance, 4, 0);
	bytes_put(b, 5, 4, 0);
}

static void put_footer(struct bytes *b, unsigned int id)
{
	bytes_put(b, 0x7e, 1, 0);
	bytes_put(b, id, 4, 0);
}

/* A guest with a vCPU 3 that runs and a vCPU 8 that is halted. */
static struct bytes guest_of(const struct form *form)
{
	struct bytes b = bytes_of(TABLE);
	unsigned int i, id = 20;

	for (i = 0; i < 2; i++) {
		put_section(&b, id, "cpu_common", i ? 3 : 8);
		bytes_put(&b, !i, 4, 0);
		bytes_put(&b, 0, 4, 0);
		put_footer(&b, id++);
		put_section(&b, id, "cpu", i ? 3 : 8);
		put_core(&b, form);
		put_units(&b, form);
		put_mmu(&b, form);
		put_footer(&b, id++);
		put_section(&b, id, "spapr_cpu", i ? 3 : 8);
		put_subsection(&b, "spapr_cpu/vpa");
		bytes_put(&b, 0x100000, 8, 0);
		put_subsection(&b, "spapr_cpu/vpa/slb_shadow");
		bytes_put(&b, 0x200000, 8, 0);
		bytes_put(&b, 0x80, 8, 0);
		put_footer(&b, id++);
	}
	bytes_append(&b, STREAM_END);
	return b;
}

static void expect_units(const struct hpt_guest_vcpu *v)
{
	unsigned int i;

	assert_int_equal(v->fpscr, 0xf9);
	assert_int_equal(v->vscr, 0x10000);
	for (i = 0; i < 32; i++) {
		assert_int_equal(v->fpr[i], 0xf000 + i);
		assert_int_equal(v->vsx_low[i], 0xd000 + i);
		assert_int_equal(v->vr[i].low, 0xa000 + i);
		assert_int_equal(v->vr[i].high, 0xb000 + i);
	}
}

static void expect_mmu(const struct hpt_guest_vcpu *v, const struct form *form)
{
	unsigned int i;

	if (form->sr) {
		for (i = 0; i < 16; i++)
			assert_int_equal(v->sr[i], 0x700 + i);
		assert_int_equal(v->has & (HPT_VCPU_HAS_SR | HPT_VCPU_HAS_SLB),
				 HPT_VCPU_HAS_SR);
		return;
	}
	assert_int_equal(v->has & (HPT_VCPU_HAS_SR | HPT_VCPU_HAS_SLB), HPT_VCPU_HAS_SLB);
	for (i = 0; i < 64; i++) {
		assert_int_equal(v->slb[i].esid, i % 3 ? (uint64_t)i << 28 | 0x8000000 : 0);
		assert_int_equal(v->slb[i].vsid, (uint64_t)i << 12 | 0x500);
	}
	assert_int_equal(v->compat_pvr, 0x0f000004);
}

static void expect_vcpu(const struct hpt_guest *guest, unsigned int i, const struct form *form)
{
	struct hpt_guest_vcpu v = { .size = sizeof(v) };
	struct hpt_error err;
	unsigned int k;

	if (hpt_guest_vcpu(guest, i, &v, &err))
		fail_msg("%s", err.text);
	assert_int_equal(v.id, i ? 8 : 3);
	assert_int_equal(v.halted, i);
	for (k = 0; k < 32; k++)
		assert_int_equal(v.gpr[k], 0x1000 + k);
	for (k = 0; k < 1024; k++)
		assert_int_equal(v.spr[k], spr_value(k));
	assert_int_equal(v.cr, 0x12345678);
	assert_int_equal(v.nip, 0xc0de);
	assert_int_equal(v.msr, 0x9033);
	assert_int_equal(v.xer, 0x50001);
	assert_int_equal(v.lr, 0x50008);
	assert_int_equal(v.ctr, 0x50009);
	assert_int_equal(v.slb_shadow_ra, 0x200000);
	assert_int_equal(v.slb_shadow_bytes, 0x80);
	expect_units(&v);
	expect_mmu(&v, form);
}

static void expect_guest(const struct bytes *b, const struct form *form, bool remarks)
{
	struct hpt_guest_info info = { .size = sizeof(info) };
	struct hpt_guest_vcpu v = { .size = sizeof(v) };
	struct hpt_guest *guest;
	struct hpt_error err;
	unsigned int piped, i;

	for (piped = 0; piped < 2; piped++) {
		guest = must_open_saved(b, piped ? HPT_GUEST_WHOLE : 0, piped);
		assert_int_equal(hpt_guest_info(guest, &info, NULL), 0);
		assert_int_equal(info.vcpus, 2);
		for (i = 0; i < 2; i++)
			expect_vcpu(guest, i, form);
		if (!remarks && hpt_guest_warning(guest, 0))
			fail_msg("%s", hpt_guest_warning(guest, 0));
		assert_int_equal(hpt_guest_vcpu(guest, 2, &v, &err), HPT_ERR_ARGUMENT);
		assert_string_equal(err.text, "vCPU 2, expected below 2, the number of vCPUs");
		hpt_guest_close(guest);
	}
}

/* Without a description, or a build that can read it: each form there ever was. */
static void built_in(void **state)
{
	static const struct form forms[] = {
		{ 0 },
		{ .old = true },
		{ .slb_nr = true },
		{ .unknown = true },
		{ .old = true, .slb_nr = true, .unknown = true },
		{ .narrow = true },
		{ .narrow = true, .sr = true },
		{ .sr = true },
	};
	struct hpt_guest_vcpu v = { .size = sizeof(v) };
	struct hpt_guest *guest;
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < N(forms); i++) {
		b = guest_of(&forms[i]);
		expect_guest(&b, &forms[i], true);
		guest = must_open_saved(&b, 0, false);
		assert_true(has_warning(guest,
					"device state is read by the layouts that are "
					"built in: QEMU's description is not at the end"));
		assert_int_equal(hpt_guest_vcpu(guest, 0, &v, NULL), 0);
		assert_true(v.built_in);
		hpt_guest_close(guest);
		bytes_free(&b);
	}
}

/* Pieces of descriptions. */
#define F(name, size) "{'name': '" name "', 'type': 'uint64', 'size': " size "}, "
#define A(name, n, size) \
	"{'name': '" name "', 'array_len': " n ", 'type': 'uint64', 'size': " size "}, "
#define LAST(name, size) "{'name': '" name "', 'type': 'uint64', 'size': " size "}"
#define SUB(name, fields) "{'vmsd_name': '" name "', 'version': 1, 'fields': [" fields "]}"

#define CORE \
	F("unused", "8") A("env.gpr", "32", "8") A("env.crf", "8", "4") F("env.nip", "8") \
	A("env.spr", "1024", "8") F("env.spe_acc", "8") F("env.reserve_addr", "8") \
	F("env.msr", "8") LAST("env.hflags_compat_nmsr", "8")
#define UNITS \
	SUB("cpu/fpu", A("env.vsr", "32", "8") LAST("env.fpscr", "8")) ", " \
	SUB("cpu/altivec", A("env.vsr", "32", "16") LAST("vscr", "4")) ", " \
	SUB("cpu/vsx", "{'name': 'env.vsr', 'array_len': 32, 'type': 'vsr', 'size': 8}") ", "
#define MMU                                                                                \
	SUB("cpu/slb", "{'name': 'env.slb', 'array_len': 64, 'type': 'slbe', 'size': 16}") \
	", " SUB("cpu/compat", LAST("compat_pvr", "4"))

/* Members of which only the last would be seen, or arrays one by one, or other names. */
static const struct {
	const char *what;
	struct form form;
	const char *fields;
	const char *subsections;
	bool remarks;
} descriptions[] = {
	{ "as 7.2 writes it", { 0 }, CORE, UNITS MMU, false },
	{ "names that occur twice, types that lie", { 0 },
	  "{'name': 'unused[0]', 'type': 'bool', 'size': 4}, "
	  "{'name': 'unused[1]', 'type': 'bool', 'size': 4}, "
	  "{'name': 'env.gpr', 'array_len': 32, 'type': 'bool', 'size': 8}, "
	  A("env.crf", "8", "4") "{'name': 'env.nip', 'type': 'unknown', 'size': 8}, "
	  A("env.spr", "1024", "8") F("unused[2]", "16") F("env.msr", "8") LAST("x", "8"),
	  UNITS MMU, false },
	{ "members that occur twice", { .list = true },
	  F("unused", "8") A("env.gpr", "32", "8") A("env.crf", "8", "4") F("env.nip", "8")
	  A("env.spr", "1024", "8") F("env.spe_acc", "8") F("env.reserve_addr", "8")
	  F("env.msr", "8") F("env.hflags", "8")
	  "{'name': 'list', 'type': 'qtailq', 'vmsd_name': 'a', 'version': 1, 'fields': ["
	  F("env.msr", "8") LAST("env.nip", "8") "], 'vmsd_name': 'a', 'version': 1, "
	  "'fields': [" LAST("env.msr", "8") "], 'size': 5}", UNITS MMU, false },
	{ "before 4.0, with slots", { .slb_nr = true }, CORE,
	  SUB("cpu/fpu", A("env.fpr", "32", "8") LAST("env.fpscr", "8")) ", "
	  SUB("cpu/altivec", A("env.avr", "32", "16") LAST("env.vscr", "4")) ", "
	  SUB("cpu/vsx", "{'name': 'env.vsr', 'array_len': 32, 'type': 'vsr', 'size': 8}") ", "
	  SUB("cpu/slb", F("env.slb_nr", "4")
	      "{'name': 'env.slb', 'array_len': 64, 'type': 'slbe', 'size': 16}") ", "
	  SUB("cpu/compat", LAST("compat_pvr", "4")), false },
	{ "a subsection that is not described", { .unknown = true }, CORE, UNITS MMU, true },
	{ "a list that is said to be shorter", { .list = true }, CORE ", " LAST("list", "2"),
	  UNITS MMU, true },
	{ "a runs of an array", { 0 },
	  F("unused", "8") "{'name': 'env.gpr', 'index': 0, 'array_len': 20, 'size': 8}, "
	  "{'name': 'env.gpr', 'index': 20, 'array_len': 12, 'size': 8}, "
	  A("env.crf", "8", "4") F("env.nip", "8") A("env.spr", "1024", "8")
	  F("env.spe_acc", "8") F("env.reserve_addr", "8") F("env.msr", "8") LAST("h", "8"),
	  UNITS MMU, false },
};

#define DEVICE(name, instance, fields, subsections) \
	"{'name': '" name "', 'instance_id': " instance ", 'vmsd_name': '" name \
	"', 'version': 5, 'fields': [" fields "], 'subsections': [" subsections "]}"
#define COMMON(instance) \
	DEVICE("cpu_common", instance, F("halted", "4") LAST("interrupt_request", "4"), "")
#define SHADOW(instance)                                                                    \
	"{'name': 'spapr_cpu', 'instance_id': " instance ", 'fields': [], 'subsections': [" \
	"{'vmsd_name': 'spapr_cpu/vpa', 'fields': [" LAST(                                  \
		"vpa_addr",                                                                 \
		"8") "], 'subsections': [" SUB("spapr_cpu/vpa/slb_shadow",                  \
					       F("slb_shadow_addr", "8")                    \
						       LAST("slb_shadow_size", "8")) "]}]}"

static void describe_guest(struct bytes *b, const char *fields, const char *subsections)
{
	static char json[4 * JSON_ROOM];
	int len = snprintf(
		json, sizeof(json),
		"{'page_size': 4096, 'devices': [" COMMON("3") ", " COMMON("8") ", " SHADOW(
			"3") ", " SHADOW("8") ", " DEVICE("cpu", "3", "%s",
							  "%s") ", " DEVICE("cpu", "8", "%s",
									    "%s") "]}",
		fields, subsections, fields, subsections);

	assert_true(len > 0 && (size_t)len < sizeof(json));
	describe(b, json);
}

static void described(void **state)
{
	struct bytes b;
	size_t i;

	(void)state;
	if (!has_feature("QEMU's description"))
		skip();
	for (i = 0; i < N(descriptions); i++) {
		b = guest_of(&descriptions[i].form);
		describe_guest(&b, descriptions[i].fields, descriptions[i].subsections);
		expect_guest(&b, &descriptions[i].form, descriptions[i].remarks);
		bytes_free(&b);
	}
}

/* One object for each element, as QEMU writes where a field may be absent. */
static void one_by_one(void **state)
{
	static char fields[JSON_ROOM], slb[JSON_ROOM];
	struct form form = { 0 };
	struct bytes b = guest_of(&form);
	size_t len, i;

	(void)state;
	if (!has_feature("QEMU's description"))
		skip();
	len = (size_t)snprintf(fields, sizeof(fields), "%s", F("unused", "8"));
	for (i = 0; i < 32; i++)
		len += (size_t)snprintf(fields + len, sizeof(fields) - len,
					"{'name': 'env.gpr', 'index': %zu, 'size': 8}, ", i);
	for (i = 0; i < 8; i++)
		len += (size_t)snprintf(fields + len, sizeof(fields) - len,
					"{'name': 'env.crf', 'index': %zu, 'size': 4}, ", i);
	snprintf(fields + len, sizeof(fields) - len, "%s",
		 F("env.nip", "8") A("env.spr", "1024", "8") F("a", "16") F("env.msr", "8")
		 LAST("h", "8"));
	len = (size_t)snprintf(slb, sizeof(slb), "%s",
			       UNITS "{'vmsd_name': 'cpu/slb', 'fields': [");
	for (i = 0; i < 64; i++)
		len += (size_t)snprintf(slb + len, sizeof(slb) - len,
					"%s{'name': 'env.slb', 'index': %zu, 'size': 16}",
					i ? ", " : "", i);
	snprintf(slb + len, sizeof(slb) - len, "]}, %s",
		 SUB("cpu/compat", LAST("compat_pvr", "4")));
	describe_guest(&b, fields, slb);
	expect_guest(&b, &form, false);
	bytes_free(&b);
}

/* Numbers that lead out of every array, out of the section, or round the end of size_t. */
static void hostile_descriptions(void **state)
{
	static const char *const fields[] = {
		"{'name': 'env.gpr', 'index': 9223372036854775807, 'array_len': 32, 'size': 8}",
		"{'name': 'env.gpr', 'index': 31, 'array_len': 1000, 'size': 8}",
		"{'name': 'env.crf', 'index': 7, 'array_len': 1000, 'size': 4}",
		"{'name': 'env.spr', 'index': 1023, 'array_len': 1000, 'size': 1}",
		"{'name': 'env.gpr', 'array_len': 4611686018427387905, 'size': 4}",
		"{'name': 'env.gpr', 'array_len': 9223372036854775807, 'size': 0}",
		"{'name': 'env.gpr', 'array_len': 1, 'size': 4000}",
		"{'name': 'env.gpr', 'array_len': -1, 'size': 8}",
		"{'name': 'env.gpr'}",
		"{'size': 8}",
		"{'name': 5, 'size': 8}",
		"5",
	};
	static const char *const subsections[] = {
		SUB("cpu/slb",
		    "{'name': 'env.slb', 'index': 63, 'array_len': 60, 'size': 16}"),
		SUB("cpu/slb", "{'name': 'env.slb', 'array_len': 1000, 'size': 1}"),
		SUB("cpu/sr", A("env.sr", "32", "8")),
		SUB("", "5"),
		"{'vmsd_name': 5}",
		"7",
	};
	struct form form = { 0 };
	struct hpt_guest_vcpu v = { .size = sizeof(v) };
	struct hpt_guest *guest;
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < N(fields) + N(subsections); i++) {
		b = guest_of(&form);
		describe_guest(&b, i < N(fields) ? fields[i] : CORE,
			       i < N(fields) ? UNITS MMU : subsections[i - N(fields)]);
		guest = must_open_saved(&b, 0, false);
		hpt_guest_vcpu(guest, 0, &v, NULL);
		assert_int_equal(v.id == 3 || v.id == 0, 1);
		hpt_guest_close(guest);
		bytes_free(&b);
	}
}

/* What translation needs, from the registers. */
static void cpu(void **state)
{
	struct form form = { 0 };
	struct bytes b = guest_of(&form);
	struct hpt_guest *guest = must_open_saved(&b, 0, false);
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_guest_cpu(guest, 0, &cpu, &err), 0);
	assert_int_equal(cpu.isa, HPT_ISA_2_07);
	assert_int_equal(cpu.platform, HPT_PLATFORM_PSERIES);
	assert_int_equal(cpu.msr, 0x9033);
	assert_int_equal(cpu.lpcr, (0x50000 + 318) & ~0x500000);
	assert_int_equal(cpu.sdr1, 0x50000 + 25);
	assert_int_equal(cpu.ptcr, 0x50000 + 464);
	assert_int_equal(cpu.amr, 0x50000 + 29);
	assert_int_equal(cpu.iamr, 0x50000 + 61);
	assert_int_equal(cpu.rmor, 0x50000 + 312);
	assert_int_equal(cpu.hrmor, 0x50000 + 313);
	assert_int_equal(cpu.pid, 0x50000 + 48);
	assert_int_equal(cpu.lpid, 0x50000 + 319);
	assert_int_equal(cpu.slb_n, 63);
	assert_int_equal(cpu.slb[62].esid, UINT64_C(62) << 28 | 0x8000000);
	assert_ptr_equal(cpu.sizes, hpt_guest_page_sizes(guest));
	assert_int_equal(hpt_guest_cpu(guest, 2, &cpu, &err), HPT_ERR_ARGUMENT);
	cpu.size = 3;
	assert_int_equal(hpt_guest_cpu(guest, 0, &cpu, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_guest_cpu(NULL, 0, &cpu, &err), HPT_ERR_ARGUMENT);
	hpt_guest_close(guest);
	bytes_free(&b);
	form.sr = true;
	b = guest_of(&form);
	guest = must_open_saved(&b, 0, false);
	cpu.size = sizeof(cpu);
	assert_int_equal(hpt_guest_cpu(guest, 0, &cpu, &err), HPT_ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "vCPU 3 (PVR 0x004d0200) has an MMU of 32 bits"));
	hpt_guest_close(guest);
	bytes_free(&b);
}

/* A section "spapr" of these subsections, behind a table of order 18 or none. */
static struct bytes machine_of(bool radix, const char *subsections)
{
	struct bytes b = bytes_of(radix ? HEAD CONFIG RAM_START START("3", "spapr/htab", "1")
				  "u32 0xffffffff " FOOT("3") RAM_PART RAM_END END("3")
				  "u32 0xffffffff " FOOT("3") : TABLE);

	bytes_append(&b, FULL("20", "spapr", "0") "fill 16 1 ");
	bytes_append(&b, subsections);
	bytes_append(&b, FOOT("20") STREAM_END);
	return b;
}

#define CAS "u8 5 p\"spapr_option_vector_ov5_cas\" u32 1 fill 256 5 "
#define PATB(value) "u8 5 p\"spapr_patb_entry\" u32 1 u64 " value " "
#define EVENTS "u8 5 p\"spapr_pending_events\" u32 1 u8 1 fill 40 9 u8 0 "
#define PAGES(shift) "u8 5 p\"spapr/cap/hpt_maxpagesize\" u32 1 u8 " shift " "
#define TREE(text) "u8 5 p\"spapr_dtb\" u32 1 u32 1000 s\"" text "\" "
#define DAWR "u8 5 p\"spapr/cap/dawr1\" u32 1 u8 1 "

static void machine(void **state)
{
	static const struct {
		const char *subsections;
		bool radix;
		uint64_t process_table;
		uint32_t max_page_shift;
		const char *warning;
	} cases[] = {
		{ "", false, 0, 0, NULL },
		{ CAS PATB("0x1234") PAGES("16") DAWR, false, 0x1234, 16, NULL },
		{ CAS EVENTS PAGES("24"), false, 0, 24, NULL },
		{ PATB("0x8000000000000000"), true, UINT64_C(1) << 63, 0, NULL },
		{ PATB("0x8000000000000000"), false, UINT64_C(1) << 63, 0,
		  "the guest uses radix, and the file has a hashed page table" },
		{ PATB("0x1234"), true, 0x1234, 0, "and the file has no table" },
		{ TREE("no tree") PAGES("16"), false, 0, 16,
		  "the device tree in the file is not used: " },
		{ TREE(""), false, 0, 0, NULL },
	};
	struct hpt_guest_machine machine = { .size = sizeof(machine) };
	struct hpt_guest *guest;
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		b = machine_of(cases[i].radix, cases[i].subsections);
		guest = must_open_saved(&b, 0, false);
		assert_int_equal(hpt_guest_machine(guest, &machine, NULL), 0);
		assert_int_equal(machine.process_table, cases[i].process_table);
		assert_int_equal(machine.max_page_shift, cases[i].max_page_shift);
		assert_null(machine.tree);
		if (cases[i].warning && !has_warning(guest, cases[i].warning))
			fail_msg("case %zu: no warning: %s", i, cases[i].warning);
		hpt_guest_close(guest);
		bytes_free(&b);
	}
}

/* What the hypervisor does not allow is not among the sizes. */
static void page_sizes(void **state)
{
	struct bytes b = machine_of(false, PAGES("16"));
	struct hpt_guest *guest = must_open_saved(&b, 0, false);
	const struct hpt_page_sizes *sizes = hpt_guest_page_sizes(guest);
	uint32_t i, k;

	(void)state;
	assert_int_equal(sizes->n, 2);
	assert_int_equal(sizes->base[0].shift, 12);
	assert_int_equal(sizes->base[1].shift, 16);
	for (i = 0; i < sizes->n; i++)
		for (k = 0; k < sizes->base[i].n; k++)
			assert_true(sizes->base[i].actual[k].shift <= 16);
	hpt_guest_close(guest);
	bytes_free(&b);
	assert_ptr_equal(hpt_guest_page_sizes(NULL), hpt_page_sizes_of(HPT_CPU_POWER8));
}

/* Sources that have no device state, or did not read it. */
static void not_there(void **state)
{
	struct form form = { 0 };
	struct bytes b = guest_of(&form);
	struct bytes stream = bytes_of("u32 0 u16 0 u16 5 u32 5 u16 1 u16 16378 " ENTRY_A);
	struct hpt_guest_vcpu v = { .size = sizeof(v) };
	struct hpt_guest_machine machine = { .size = sizeof(machine) };
	struct hpt_guest *guest = must_open_saved(&b, 0, true);
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_guest_vcpu(guest, 0, &v, &err), HPT_ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "open it with HPT_GUEST_WHOLE"));
	assert_int_equal(hpt_guest_machine(guest, &machine, &err), HPT_ERR_UNSUPPORTED);
	hpt_guest_close(guest);
	guest = must_open_saved(&stream, 0, false);
	assert_int_equal(hpt_guest_vcpu(guest, 0, &v, &err), HPT_ERR_ARGUMENT);
	assert_string_equal(err.text,
			    "vCPUs: a source of kind kvm-stream has none, only a saved "
			    "guest");
	assert_int_equal(hpt_guest_machine(guest, &machine, &err), HPT_ERR_ARGUMENT);
	hpt_guest_close(guest);
	v.size = 12;
	guest = must_open_saved(&b, 0, false);
	assert_int_equal(hpt_guest_vcpu(guest, 0, &v, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_guest_vcpu(guest, 0, NULL, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_guest_machine(NULL, &machine, &err), HPT_ERR_ARGUMENT);
	hpt_guest_close(guest);
	bytes_free(&b);
	bytes_free(&stream);
}

/* A section "cpu" that is too short, or in no form that is known. */
static void not_understood(void **state)
{
	struct bytes b = bytes_of(TABLE FULL("8", "cpu", "0") "fill 100 1 " FOOT("8")
				  FULL("9", "cpu", "1") "fill 5000 1 " FOOT("9") STREAM_END);
	struct hpt_guest *guest = must_open_saved(&b, 0, false);
	struct hpt_guest_vcpu v = { .size = sizeof(v) };
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_guest_vcpu(guest, 0, &v, &err), HPT_ERR_FORMAT);
	assert_string_equal(err.text,
			    "vCPU 0: its section \"cpu\" instance 0 is not understood");
	assert_int_equal(hpt_guest_vcpu(guest, 1, &v, &err), HPT_ERR_FORMAT);
	assert_true(has_warning(guest, "section \"cpu\" instance 1 is not understood"));
	hpt_guest_close(guest);
	bytes_free(&b);
}

/* More vCPUs than there can be, in an order that is the worst to sort: bounded. */
static void many_vcpus(void **state)
{
	struct bytes b = bytes_of(TABLE);
	struct hpt_guest_info info = { .size = sizeof(info) };
	struct hpt_guest *guest;
	unsigned int i;

	(void)state;
	for (i = 10000; i > 0; i--) {
		put_section(&b, i, "cpu", i);
		put_footer(&b, i);
	}
	bytes_append(&b, STREAM_END);
	guest = must_open_saved(&b, 0, false);
	assert_int_equal(hpt_guest_info(guest, &info, NULL), 0);
	assert_int_equal(info.vcpus, 8192);
	hpt_guest_close(guest);
	bytes_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in),
		cmocka_unit_test(described),
		cmocka_unit_test(one_by_one),
		cmocka_unit_test(hostile_descriptions),
		cmocka_unit_test(cpu),
		cmocka_unit_test(machine),
		cmocka_unit_test(page_sizes),
		cmocka_unit_test(not_there),
		cmocka_unit_test(not_understood),
		cmocka_unit_test(many_vcpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
