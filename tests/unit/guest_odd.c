/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Sources that are odd rather than broken: descriptions with members of other sizes and names
 * than any QEMU wrote, run states that are none, images from pipes; and everything refused
 * again by a caller who does not ask why.
 */

#include <fcntl.h>

#include "unit.h"

#include "guest_saved.h"

#define SUBSECTION(name) "u8 5 p\"" name "\" u32 1 "

/* Pieces of descriptions. */
#define F(name, size) "{'name': '" name "', 'type': 'uint64', 'size': " size "}"
#define A(name, n, size) \
	"{'name': '" name "', 'array_len': " n ", 'type': 'uint64', 'size': " size "}"
#define SUB(name, fields) "{'vmsd_name': '" name "', 'version': 1, 'fields': [" fields "]}"
#define DEVICE(name, fields, subsections)                            \
	"{'name': '" name "', 'instance_id': 0, 'vmsd_name': '" name \
	"', 'version': 5, 'fields': [" fields "], 'subsections': [" subsections "]}"

static struct hpt_guest *open_described(const char *sections, const char *json)
{
	struct bytes b = bytes_of(TABLE);
	struct hpt_guest *guest;

	bytes_append(&b, sections);
	bytes_append(&b, STREAM_END);
	describe(&b, json);
	guest = must_open_saved(&b, 0, false);
	bytes_free(&b);
	return guest;
}

/* Members that no register has room for, or that no register is called. */
static void test_registers(void **state)
{
	static const char sections[] =
		FULL("20", "cpu", "0") "fill 1024 0 fill 16 1 fill 8 2 u64 0x9033 fill 24 3 " SUBSECTION("cpu/fpu") "fill 8 4 u64 0xf9 " SUBSECTION("cpu/altivec") "fill 8 5 fill 16 6 fill 4 7 " SUBSECTION(
			"cpu/vsx") "fill 8 8 " SUBSECTION("cpu/slb") "fill 8 9 " SUBSECTION("cpu/sr") "fill 8 10 " SUBSECTION("cpu/compat") "fill 8 11 fill 4 12 u32 0x0f000004 " FOOT("20")
			FULL("21", "spapr_cpu", "0")
				SUBSECTION("spapr_cpu/vpa/slb_shadow") "u64 0x77 " FOOT("21");
	static const char json[] = "{'page_size': 4096, 'devices': [" DEVICE(
		"cpu",
		F("unused", "1024") ", " F("env.gpr", "16") ", " F("env.other", "8") ", " F(
			"env.msr",
			"8") ", "
			     "{'name': 'env.gpr', 'index': 32, 'array_len': 3, 'size': 8}",
		SUB("cpu/fpu", F("env.other", "8") ", " F("env.fpscr", "8")) ", " SUB(
			"cpu/altivec",
			F("vscr", "8") ", " A("env.vsr", "2", "8") ", " F(
				"env.other",
				"4")) ", " SUB("cpu/vsx",
					       F("env.other",
						 "8")) ", " SUB("cpu/slb",
								F("env.other",
								  "8")) ", " SUB("cpu/sr",
										 F("env.other",
										   "8")) ", " SUB("cpu/compat",
												  F("compat_pvr", "8") ", " F("env.other", "4") ", " F(
													  "compat_pvr",
													  "4"))) ", " DEVICE("spapr_cpu",
															     "",
															     SUB("spapr_cpu/vpa/slb_shadow",
																 F("other",
																   "8"))) "]}";
	static const uint64_t zero[32];
	struct hpt_guest_vcpu v = { .size = sizeof(v) };
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	struct hpt_guest *guest;

	(void)state;
	if (!has_feature("QEMU's description"))
		skip();
	guest = open_described(sections, json);
	assert_int_equal(hpt_guest_vcpu(guest, 0, &v, NULL), 0);
	assert_false(v.built_in);
	assert_int_equal(v.msr, 0x9033);
	assert_int_equal(v.fpscr, 0xf9);
	assert_int_equal(v.vscr, 0);
	assert_int_equal(v.slb_shadow_ra | v.slb_shadow_bytes, 0);
	assert_memory_equal(v.gpr, zero, sizeof(zero));
	assert_memory_equal(v.vsx_low, zero, sizeof(v.vsx_low));
	assert_true(!(v.has & HPT_VCPU_HAS_SR) && v.has & HPT_VCPU_HAS_SLB);
	/* No PVR was said: the one that it is compatible with says what it is. */
	assert_int_equal(v.compat_pvr, 0x0f000004);
	assert_int_equal(hpt_guest_cpu(guest, 0, &cpu, NULL), 0);
	assert_int_equal(cpu.isa, HPT_ISA_2_07);
	hpt_guest_close(guest);
}

static const struct {
	const char *sections, *subsections;
	uint32_t has, max_page_shift;
	uint64_t process_table;
} machines[] = {
	{ SUBSECTION("spapr_patb_entry") "u64 0x123000 ",
	  SUB("spapr_patb_entry", F("patb_entry", "8")), HPT_GUEST_HAS_PROCESS_TABLE, 0,
	  0x123000 },
	{ SUBSECTION("spapr_patb_entry") "u64 0 ",
	  SUB("spapr_patb_entry", F("patb_entry", "8")), 0, 0, 0 },
	{ SUBSECTION("spapr_patb_entry") "u32 5 ",
	  SUB("spapr_patb_entry", F("patb_entry", "4")), 0, 0, 0 },
	{ SUBSECTION("spapr/cap/hpt_maxpagesize") "u8 24 ",
	  SUB("spapr/cap/hpt_maxpagesize", F("caps", "1")), 0, 24, 0 },
	{ SUBSECTION("spapr/cap/hpt_maxpagesize") "u16 24 ",
	  SUB("spapr/cap/hpt_maxpagesize", F("caps", "2")), 0, 0, 0 },
	{ SUBSECTION("spapr_dtb") "u32 24 ", SUB("spapr_dtb", F("fdt_size", "4")), 0, 0, 0 },
	{ SUBSECTION("spapr_nobody") "u32 24 ", SUB("spapr_nobody", F("x", "4")), 0, 0, 0 },
};

static void test_machine(void **state)
{
	struct hpt_guest_machine machine = { .size = sizeof(machine) };
	char sections[300], json[500];

	(void)state;
	if (!has_feature("QEMU's description"))
		skip();
	for (size_t i = 0; i < COUNT(machines); i++) {
		struct hpt_guest *guest;

		snprintf(sections, sizeof(sections), "%s fill 16 1 %s %s",
			 FULL("20", "spapr", "0"), machines[i].sections, FOOT("20"));
		snprintf(json, sizeof(json), "{'page_size': 4096, 'devices': [%s%s%s]}",
			 "{'name': 'spapr', 'instance_id': 0, 'fields': [" F(
				 "rtc", "16") "], 'subsections': [",
			 machines[i].subsections, "]}");
		guest = open_described(sections, json);
		assert_int_equal(hpt_guest_machine(guest, &machine, NULL), 0);
		assert_int_equal(machine.has & HPT_GUEST_HAS_PROCESS_TABLE, machines[i].has);
		assert_int_equal(machine.process_table, machines[i].process_table);
		assert_int_equal(machine.max_page_shift, machines[i].max_page_shift);
		assert_int_equal(machine.tree_len, 0);
		hpt_guest_close(guest);
	}
}

static const struct {
	const char *bytes, *size, *expected;
} run_states[] = {
	{ "\"paused\" u8 0 fill 93 0 ", "100", "paused" },
	{ "\"guest-panicked\" u8 0 fill 85 0 ", "100", "guest-panicked" },
	{ "\"Paused\" u8 0 fill 93 0 ", "100", "" },
	{ "\"zz{\" u8 0 fill 96 0 ", "100", "" },
	{ "fill 100 0x61 ", "100", "" },
	{ "\"abc\" ", "3", "" }, /* no end */
	{ "u8 0 ", "1", "" },
	{ "\"abc\" u8 0 ", "4", "abc" },
	{ "", "0", "" },
};

static void test_run_states(void **state)
{
	struct hpt_guest_info info = { .size = sizeof(info) };
	char sections[300], json[300];

	(void)state;
	if (!has_feature("QEMU's description"))
		skip();
	for (size_t i = 0; i < COUNT(run_states); i++) {
		struct hpt_guest *guest;

		snprintf(sections, sizeof(sections), "%s u32 100 %s %s",
			 FULL("20", "globalstate", "0"), run_states[i].bytes, FOOT("20"));
		snprintf(json, sizeof(json),
			 "{'page_size': 4096, 'devices': [{'name': 'globalstate', "
			 "'instance_id': 0, 'fields': [%s, {'name': 'runstate', "
			 "'type': 'buffer', 'size': %s}]}]}",
			 F("size", "4"), run_states[i].size);
		guest = open_described(sections, json);
		assert_int_equal(hpt_guest_info(guest, &info, NULL), 0);
		assert_string_equal(info.run_state ? info.run_state : "",
				    run_states[i].expected);
		hpt_guest_close(guest);
	}
}

/* From a pipe that another process fills, or a file. */
static int open_source(const struct bytes *b, const struct hpt_guest_options *options,
		       bool piped, struct hpt_guest **out, struct hpt_error *err)
{
	FILE *file = tmpfile();
	int ends[2], fd, ret;
	pid_t child;

	assert_non_null(file);
	assert_int_equal(fwrite(b->data, 1, b->len, file), b->len);
	assert_int_equal(fflush(file), 0);
	rewind(file);
	if (!piped) {
		ret = hpt_guest_open_fd(fileno(file), "SOURCE", options, out, err);
		if (!ret)
			hpt_guest_close(*out);
		fclose(file);
		return ret;
	}
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		close(ends[0]);
		for (size_t done = 0; done < b->len;) {
			ssize_t n = write(ends[1], b->data + done, b->len - done);

			if (n <= 0)
				break;
			done += (size_t)n;
		}
		_exit(0);
	}
	close(ends[1]);
	fd = ends[0];
	ret = hpt_guest_open_fd(fd, "SOURCE", options, out, err);
	if (!ret)
		hpt_guest_close(*out);
	close(fd);
	fclose(file);
	return ret;
}

/* An entry of 4K pages in slot 0 whose hash is that of another group, and one that fits. */
#define STRAY "u64 0x4000000000000081 u64 0x196 "
#define EMPTY "fill 16 0 "

static const struct {
	const char *text;
	enum hpt_source_kind kind;
	uint32_t order;
	int code[2]; /* from a file, from a pipe */
	const char *says;
} sources[] = {
	{ "fill 262144 0 ", 0, 18, { 0, 0 }, NULL },
	{ "fill 262144 0 ",
	  HPT_SOURCE_IMAGE,
	  19,
	  { HPT_ERR_ORDER, HPT_ERR_ORDER },
	  "an image of 262144 bytes, expected 2^19 of the order that was given" },
	{ "fill 524288 0 ",
	  HPT_SOURCE_IMAGE,
	  18,
	  { HPT_ERR_ORDER, HPT_ERR_ORDER },
	  "bytes, expected 2^18 of the order that was given" },
	{ "fill 300000 0 ",
	  HPT_SOURCE_IMAGE,
	  0,
	  { HPT_ERR_ORDER, HPT_ERR_ORDER },
	  "an image of 300000 bytes, expected a power of two" },
	{ "fill 2097152 0 ", HPT_SOURCE_IMAGE, 0, { 0, 0 }, NULL },
	{ "fill 2097151 0 ",
	  HPT_SOURCE_IMAGE,
	  0,
	  { HPT_ERR_ORDER, HPT_ERR_ORDER },
	  "an image of 2097151 bytes" },
	{ STRAY "fill 2097136 0 ", HPT_SOURCE_IMAGE, 0, { 0, 0 }, NULL },
	{ STRAY STRAY "fill 2097120 0 ", 0, 0, { HPT_ERR_ORDER, HPT_ERR_FORMAT }, "SOURCE: " },
	{ HEAD CONFIG RAM_START, 0, 0, { HPT_ERR_TRUNCATED, HPT_ERR_TRUNCATED }, "SOURCE: " },
	{ HEAD CONFIG "u8 0x77 ", 0, 0, { HPT_ERR_FORMAT, HPT_ERR_FORMAT }, "SOURCE: " },
	{ HEAD, 0, 0, { HPT_ERR_TRUNCATED, HPT_ERR_TRUNCATED }, "SOURCE: " },
	{ "\"what is this?\" ", 0, 0, { HPT_ERR_FORMAT, HPT_ERR_FORMAT }, "SOURCE: " },
	{ "", 0, 0, { HPT_ERR_FORMAT, HPT_ERR_FORMAT }, "SOURCE: " },
	{ "u32 0 u16 1 u16 0 u64 0x81 u64 2 ", HPT_SOURCE_STREAM, 18, { 0, 0 }, NULL },
	{ "u32 0 u16 2 u16 0 u64 0x81 u64 2 ",
	  HPT_SOURCE_STREAM,
	  18,
	  { HPT_ERR_TRUNCATED_ENTRIES, HPT_ERR_TRUNCATED_ENTRIES },
	  "SOURCE: " },
};

static void test_sources(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sources); i++)
		for (unsigned piped = 0; piped < 2; piped++) {
			const struct hpt_guest_options options = {
				.size = sizeof(options),
				.kind = sources[i].kind,
				.order = sources[i].order,
				.dialect = HPT_DIALECT_DETECT,
			};
			struct bytes b = bytes_of(sources[i].text);
			struct hpt_guest *guest = NULL;
			struct hpt_error err = { .text = "" };
			int ret = open_source(&b, &options, piped, &guest, &err);

			if (ret != sources[i].code[piped])
				fail_msg("source %zu%s: %d, %s", i, piped ? " by a pipe" : "",
					 ret, err.text);
			if (ret && !strstr(err.text, sources[i].says))
				fail_msg("source %zu: %s", i, err.text);
			/* The same to a caller who does not ask why. */
			assert_int_equal(open_source(&b, &options, piped, &guest, NULL), ret);
			bytes_free(&b);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_run_states),
		cmocka_unit_test(test_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
