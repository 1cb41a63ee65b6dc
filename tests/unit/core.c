/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * ELF cores: a real saved guest, written and opened again, is what it was, to the last bit; and
 * cores made by hand of which is known what must be in them. Linked with --wrap=malloc and others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <hpt/core.h>
#include <hpt/hpt.h>

#include "failing.h"
#include "guest_saved.h"

#define REAL "guest/guest.mig"

/* Where a core goes; it fails at the @left-th write. */
struct sink {
	struct bytes bytes;
	long left;
	size_t skipped;
};

static int sink_write(void *ctx, const void *bytes, size_t len, struct hpt_error *err)
{
	struct sink *sink = ctx;

	if (!sink->left--)
		return hpt_error_fill(err, HPT_ERR_SYSTEM, 28, "the sink is full");
	if (len) {
		bytes_fill(&sink->bytes, len, 0);
		memcpy(sink->bytes.data + sink->bytes.len - len, bytes, len);
	}
	return 0;
}

static int sink_skip(void *ctx, uint64_t len, struct hpt_error *err)
{
	struct sink *sink = ctx;

	if (!sink->left--)
		return hpt_error_fill(err, HPT_ERR_SYSTEM, 28, "the sink is full");
	bytes_fill(&sink->bytes, (size_t)len, 0);
	sink->skipped += (size_t)len;
	return 0;
}

static const struct hpt_writer_ops sink_ops = {
	.size = sizeof(sink_ops),
	.write = sink_write,
	.skip = sink_skip,
};

static const struct hpt_writer_ops plain_ops = {
	.size = sizeof(plain_ops),
	.write = sink_write,
};

static struct bytes core_of(struct hpt_guest *guest, const struct hpt_core_options *options,
			    const struct hpt_writer_ops *ops)
{
	struct sink sink = { .left = -1 };
	struct hpt_error err;

	if (hpt_guest_write_core(guest, options, ops, &sink, &err))
		fail_msg("%s", err.text);
	return sink.bytes;
}

/* A file of a core, little-endian or big: one PT_NOTE with a vCPU, one PT_LOAD at @ra. */
struct made {
	struct bytes b;
	bool little;
};

static void put(struct made *m, uint64_t value, unsigned int n)
{
	bytes_put(&m->b, value, n, m->little);
}

static void put_phdr(struct made *m, uint32_t type, uint64_t at, uint64_t ra, uint64_t len)
{
	put(m, type, 4);
	put(m, 6, 4);
	put(m, at, 8);
	put(m, 0, 8);
	put(m, ra, 8);
	put(m, len, 8);
	put(m, len, 8);
	put(m, 0, 8);
}

#define NOTE_BYTES (20 + 504)

static void put_note(struct made *m, uint64_t nip, uint64_t msr)
{
	size_t i;

	put(m, 5, 4);
	put(m, 504, 4);
	put(m, 1, 4);
	bytes_append(&m->b, "\"CORE\" fill 4 0 fill 112 0");
	for (i = 0; i < 48; i++)
		put(m, i == 32 ? nip : i == 33 ? msr : i, 8);
	bytes_fill(&m->b, 8, 0);
}

/* Memory of @len bytes at @ra, zeros yet; it is the end of the file. */
static struct made make_core(bool little, uint64_t nip, uint64_t msr, uint64_t ra, size_t len)
{
	struct made m = { { NULL, 0 }, little };

	bytes_append(&m.b, little ? "hex 7f454c460201010000000000000000"
				  : "hex 7f454c460202010000000000000000");
	bytes_fill(&m.b, 1, 0);
	put(&m, 4, 2);
	put(&m, 21, 2);
	put(&m, 1, 4);
	put(&m, 0, 8);
	put(&m, 64, 8);
	put(&m, 0, 8);
	put(&m, 0, 4);
	put(&m, 64, 2);
	put(&m, 56, 2);
	put(&m, 2, 2);
	put(&m, 0, 6);
	put_phdr(&m, 4, 64 + 2 * 56, 0, NOTE_BYTES);
	put_phdr(&m, 1, 64 + 2 * 56 + NOTE_BYTES, ra, len);
	put_note(&m, nip, msr);
	bytes_fill(&m.b, len, 0);
	return m;
}

static unsigned char *memory_of(struct made *m, size_t len)
{
	return m->b.data + m->b.len - len;
}

static uint64_t get(const struct bytes *b, size_t at, size_t n, bool little)
{
	uint64_t value = 0;
	size_t i;

	assert_true(at + n <= b->len);
	for (i = 0; i < n; i++)
		value = value << 8 | b->data[at + (little ? n - 1 - i : i)];
	return value;
}

/* Field of a program header, by its offset in it. */
static uint64_t phdr(const struct bytes *b, size_t i, size_t field, size_t n, bool little)
{
	return get(b, 64 + i * 56 + field, n, little);
}

static size_t n_phdrs(const struct bytes *b, bool little)
{
	return (size_t)get(b, 56, 2, little);
}

static struct hpt_guest *open_real(void)
{
	const char *data = getenv("HPT_TEST_DATA");
	struct hpt_guest *guest = NULL;
	struct hpt_error err;
	char path[4096];

	snprintf(path, sizeof(path), "%s/" REAL, data ? data : "tests/data");
	if (!has_feature("QEMU's description") || hpt_guest_open(path, NULL, &guest, &err))
		return NULL;
	return guest;
}

static void same_vcpus(struct hpt_guest *a, struct hpt_guest *b)
{
	struct hpt_guest_vcpu *left = calloc(1, sizeof(*left)),
			      *right = calloc(1, sizeof(*right));
	size_t i;

	assert_true(left && right);
	left->size = right->size = sizeof(*left);
	for (i = 0; !hpt_guest_vcpu(a, i, left, NULL); i++) {
		assert_int_equal(hpt_guest_vcpu(b, i, right, NULL), 0);
		assert_memory_equal(left, right, sizeof(*left));
	}
	assert_int_equal(i, 2);
	assert_int_equal(hpt_guest_vcpu(b, i, right, NULL), HPT_ERR_ARGUMENT);
	free(left);
	free(right);
}

static void same_map(struct hpt_guest *a, struct hpt_guest *b)
{
	struct hpt_guest_region left = { .size = sizeof(left) }, right = left;
	struct hpt_guest_block one = { .size = sizeof(one) }, other = one;
	size_t i;

	for (i = 0; !hpt_guest_region(a, i, &left, NULL); i++) {
		assert_int_equal(hpt_guest_region(b, i, &right, NULL), 0);
		assert_memory_equal(&left, &right, sizeof(left));
	}
	assert_int_equal(hpt_guest_region(b, i, &right, NULL), HPT_ERR_ARGUMENT);
	for (i = 0; !hpt_guest_block(a, i, &one, NULL); i++) {
		assert_int_equal(hpt_guest_block(b, i, &other, NULL), 0);
		assert_string_equal(one.name, other.name);
		assert_true(one.length == other.length);
	}
	assert_int_equal(hpt_guest_block(b, i, &other, NULL), HPT_ERR_ARGUMENT);
}

static void same_machine(struct hpt_guest *a, struct hpt_guest *b)
{
	struct hpt_guest_machine left = { .size = sizeof(left) }, right = left;
	struct hpt_guest_info one = { .size = sizeof(one) }, other = one;

	assert_int_equal(hpt_guest_machine(a, &left, NULL), 0);
	assert_int_equal(hpt_guest_machine(b, &right, NULL), 0);
	assert_true(left.tree_len && left.tree_len == right.tree_len);
	assert_memory_equal(left.tree, right.tree, left.tree_len);
	left.tree = right.tree = NULL;
	assert_memory_equal(&left, &right, sizeof(left));
	assert_memory_equal(hpt_guest_page_sizes(a), hpt_guest_page_sizes(b),
			    sizeof(struct hpt_page_sizes));
	assert_int_equal(hpt_guest_info(a, &one, NULL), 0);
	assert_int_equal(hpt_guest_info(b, &other, NULL), 0);
	assert_int_equal(other.kind, HPT_SOURCE_CORE);
	assert_string_equal(one.machine, other.machine);
	assert_string_equal(one.run_state, other.run_state);
	assert_true(one.mmu == other.mmu && one.order == other.order &&
		    one.order_found == other.order_found && one.vcpus == other.vcpus &&
		    one.ram_blocks == other.ram_blocks && one.ram_bytes == other.ram_bytes &&
		    one.rounds == other.rounds && one.chunks == other.chunks);
}

static void same_table(struct hpt_guest *a, struct hpt_guest *b)
{
	struct hpt_entry left[512], right[512];
	struct hpt_table *one, *other;
	uint64_t ptex;

	assert_int_equal(hpt_guest_table(a, &one, NULL), 0);
	assert_int_equal(hpt_guest_table(b, &other, NULL), 0);
	assert_int_equal(hpt_table_order(one), hpt_table_order(other));
	for (ptex = 0; ptex < hpt_table_entries(one); ptex += 512) {
		assert_int_equal(hpt_table_read(one, ptex, 512, left, NULL), 0);
		assert_int_equal(hpt_table_read(other, ptex, 512, right, NULL), 0);
		assert_memory_equal(left, right, sizeof(left));
	}
	assert_int_equal(hpt_table_write(other, 0, 1, left, NULL), HPT_ERR_READ_ONLY);
}

static void real_guest_again(void **state)
{
	struct hpt_guest *guest = open_real(), *core;
	struct bytes b;

	(void)state;
	if (!guest)
		skip();
	b = core_of(guest, NULL, &sink_ops);
	core = must_open_saved(&b, 0, false);
	same_vcpus(guest, core);
	same_map(guest, core);
	same_machine(guest, core);
	same_table(guest, core);
	hpt_guest_close(core);
	hpt_guest_close(guest);
	bytes_free(&b);
}

/* The parts of NT_PRSTATUS that a core of somebody else has, and what it does not. */
static void foreign_core(void **state)
{
	struct hpt_guest_vcpu v = { .size = sizeof(v) };
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	struct hpt_table *table;
	struct hpt_guest *guest;
	unsigned char byte = 0;
	struct hpt_error err;
	unsigned int little;
	struct made m;

	(void)state;
	for (little = 0; little < 2; little++) {
		m = make_core(little, 0x1234, 0x9000000000001032, 0x3000, 0x2001);
		memory_of(&m, 0x2001)[0x2000] = 0x5a;
		guest = must_open_saved(&m.b, 0, false);
		assert_int_equal(hpt_guest_vcpu(guest, 0, &v, &err), 0);
		assert_true(v.gpr[31] == 31 && v.nip == 0x1234 && v.msr == 0x9000000000001032);
		assert_true(v.ctr == 35 && v.lr == 36 && v.xer == 37 && v.cr == 38);
		assert_true(v.spr[19] == 41 && v.spr[18] == 42 && v.has == 0);
		assert_int_equal(hpt_guest_table(guest, &table, &err), HPT_ERR_NO_HPT);
		assert_non_null(strstr(err.text, "dump-guest-memory"));
		assert_int_equal(hpt_guest_cpu(guest, 0, &cpu, &err), HPT_ERR_UNSUPPORTED);
		assert_int_equal(hpt_guest_read(guest, 0x5000, 1, &byte, &err), 0);
		assert_int_equal(byte, 0x5a);
		assert_int_equal(hpt_guest_read(guest, 0x5001, 1, &byte, &err), HPT_ERR_RANGE);
		assert_int_equal(hpt_guest_read(guest, 0x2fff, 2, &byte, &err), HPT_ERR_RANGE);
		hpt_guest_close(guest);
		bytes_free(&m.b);
	}
}

/* The word at field @i of the first NT_PRSTATUS of a core that was written. */
static uint64_t status_word(const struct bytes *b, size_t i, bool little)
{
	size_t at = (size_t)phdr(b, 0, 8, 8, little);

	assert_int_equal(get(b, at + 8, 4, little), 1);
	return get(b, at + 20 + 112 + i * 8, 8, little);
}

static void trap_of_a_vector(void **state)
{
	static const struct {
		uint64_t nip, msr, trap;
	} cases[] = {
		{ 0x300, 0x1000, 0x300 },
		{ 0x304, 0x1000, 0 },
		{ 0x300, 0x1030, 0 },
		{ 0xc000000000004980, 0x1030, 0x980 },
		{ 0xc000000000004980, 0x1000, 0 },
		{ 0xf80, 0, 0xf80 },
		{ 0, 0, 0 },
	};
	struct hpt_guest *guest;
	struct bytes b;
	struct made m;
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		m = make_core(true, cases[i].nip, cases[i].msr, 0, 0x1000);
		guest = must_open_saved(&m.b, 0, false);
		b = core_of(guest, NULL, &sink_ops);
		assert_int_equal(b.data[5], 1);
		assert_true(status_word(&b, 40, true) == cases[i].trap);
		assert_true(status_word(&b, 32, true) == cases[i].nip);
		assert_true(status_word(&b, 41, true) == 41);
		assert_true(status_word(&b, 42, true) == 42);
		hpt_guest_close(guest);
		bytes_free(&b);
		bytes_free(&m.b);
	}
}

/* Where mappings lead out of RAM they are cut; they have no bytes of their own. */
static void mappings_share_ram(void **state)
{
	const struct hpt_core_mapping mappings[] = {
		{ 0x10000000, 0x4000, 0x1000 }, { 0x20000000, 0x1000, 0x10000 },
		{ 0x30000000, 0x8000, 0x1000 }, { 0x40000000, 0x2000, 0x1000 },
		{ 0x50000000, 0x4800, 0 },
	};
	struct hpt_core_options options = { .size = sizeof(options),
					    .linear_ea = 0xc000000000000000,
					    .mappings = mappings,
					    .n_mappings = N(mappings) };
	struct made m = make_core(false, 0, 0, 0x3000, 0x3000);
	struct hpt_guest *guest = must_open_saved(&m.b, 0, false), *again;
	struct bytes b = core_of(guest, &options, &sink_ops);
	uint64_t ram = phdr(&b, 1, 8, 8, false);

	(void)state;
	assert_int_equal(n_phdrs(&b, false), 4);
	assert_true(phdr(&b, 1, 16, 8, false) == 0xc000000000003000 &&
		    phdr(&b, 1, 24, 8, false) == 0x3000);
	assert_true(phdr(&b, 2, 16, 8, false) == 0x10000000 &&
		    phdr(&b, 2, 24, 8, false) == 0x4000 &&
		    phdr(&b, 2, 8, 8, false) == ram + 0x1000 &&
		    phdr(&b, 2, 32, 8, false) == 0x1000);
	assert_true(phdr(&b, 3, 16, 8, false) == 0x20002000 &&
		    phdr(&b, 3, 24, 8, false) == 0x3000 && phdr(&b, 3, 8, 8, false) == ram &&
		    phdr(&b, 3, 32, 8, false) == 0x3000);
	assert_true(b.len == ram + 0x3000);
	again = must_open_saved(&b, 0, false);
	same_map(guest, again);
	hpt_guest_close(again);
	hpt_guest_close(guest);
	bytes_free(&b);
	bytes_free(&m.b);
}

/* More of them than a header can number: their number is in the first section's header. */
#define MANY 0x10001u

static void many_mappings(void **state)
{
	static struct hpt_core_mapping mappings[MANY - 2];
	struct hpt_core_options options = { .size = sizeof(options),
					    .mappings = mappings,
					    .n_mappings = N(mappings) };
	struct made m = make_core(false, 0, 0, 0x3000, 0x3000);
	struct hpt_guest *guest = must_open_saved(&m.b, 0, false), *again;
	struct hpt_error err;
	struct bytes b;
	uint64_t at;
	size_t i;

	(void)state;
	for (i = 0; i < N(mappings); i++)
		mappings[i] =
			(struct hpt_core_mapping){ 0x10000000 + i * 0x2000, 0x4000, 0x1000 };
	b = core_of(guest, &options, &sink_ops);
	at = get(&b, 40, 8, false);
	assert_int_equal(n_phdrs(&b, false), 0xffff);
	assert_int_equal(get(&b, 58, 2, false), 64);
	assert_int_equal(get(&b, 60, 2, false), 1);
	assert_true(at == 64 + MANY * 56);
	assert_int_equal(get(&b, (size_t)at + 44, 4, false), MANY);
	assert_true(phdr(&b, MANY - 1, 16, 8, false) == 0x10000000 + (MANY - 3) * 0x2000);
	again = must_open_saved(&b, 0, false);
	same_map(guest, again);
	hpt_guest_close(again);
	/* A section header that is not there. */
	memset(b.data + 40, 0x7f, 8);
	assert_int_equal(open_saved(&b, 0, false, &again, &err), HPT_ERR_TRUNCATED);
	assert_non_null(strstr(err.text, "a section header at offset 9187201950435737471"));
	hpt_guest_close(guest);
	bytes_free(&b);
	bytes_free(&m.b);
}

static void put_vmcoreinfo(struct made *m, unsigned char *to, const char *text, size_t len)
{
	struct made note = { { NULL, 0 }, m->little };

	put(&note, 11, 4);
	put(&note, len, 4);
	put(&note, 0, 4);
	bytes_append(&note.b, "\"VMCOREINFO\" fill 2 0");
	memcpy(to, note.b.data, note.b.len);
	memcpy(to + note.b.len, text, strlen(text));
	bytes_free(&note.b);
}

/* Across the pieces in which memory is searched; behind names that lead nowhere. */
static void vmcoreinfo_is_found(void **state)
{
	static const char text[] = "OSRELEASE=6.1.0-test\nPAGESIZE=65536\n";
	static const size_t places[] = { 0x2000, 0xfff0, 0xffe8, 0xfff8, 0x10000, 0x1ff00 };
	struct hpt_vmcoreinfo found = { .size = sizeof(found) };
	struct hpt_guest *guest;
	struct hpt_error err;
	struct bytes b;
	unsigned int i;
	struct made m;

	(void)state;
	for (i = 0; i < 2 * N(places); i++) {
		m = make_core(i & 1, 0, 0, 0x10000, 0x20000);
		memcpy(memory_of(&m, 0x20000) + 0x100, "VMCOREINFO", 10);
		put_vmcoreinfo(&m, memory_of(&m, 0x20000) + 0x200, "OSRELEASE=\001", 64);
		put_vmcoreinfo(&m, memory_of(&m, 0x20000) + 0x300, "SOMETHING=1\n", 64);
		put_vmcoreinfo(&m, memory_of(&m, 0x20000) + 0x400, text, 0x100000);
		guest = must_open_saved(&m.b, 0, false);
		assert_int_equal(hpt_guest_vmcoreinfo(guest, &found, &err), HPT_ERR_FORMAT);
		hpt_guest_close(guest);
		put_vmcoreinfo(&m, memory_of(&m, 0x20000) + places[i / 2], text, 64);
		guest = must_open_saved(&m.b, 0, false);
		if (hpt_guest_vmcoreinfo(guest, &found, &err))
			fail_msg("%s", err.text);
		assert_true(found.ra == 0x10000 + places[i / 2]);
		assert_int_equal(found.little_endian, i & 1);
		assert_int_equal(found.len, strlen(text));
		assert_memory_equal(found.text, text, found.len);
		b = core_of(guest, NULL, &sink_ops);
		assert_int_equal(b.data[5], i & 1 ? 1 : 2);
		assert_non_null(memmem(b.data, 4096, "VMCOREINFO", 11));
		hpt_guest_close(guest);
		bytes_free(&b);
		bytes_free(&m.b);
	}
}

static void raw_is_memory(void **state)
{
	struct hpt_core_options options = { .size = sizeof(options), .flags = HPT_CORE_RAW };
	struct made m = make_core(false, 0, 0, 0x3000, 0x3000);
	struct hpt_guest *guest;
	struct bytes b, plain;

	(void)state;
	memset(memory_of(&m, 0x3000) + 0x1000, 0x77, 0x800);
	guest = must_open_saved(&m.b, 0, false);
	b = core_of(guest, &options, &sink_ops);
	plain = core_of(guest, &options, &plain_ops);
	assert_int_equal(b.len, 0x6000);
	assert_int_equal(plain.len, b.len);
	assert_memory_equal(plain.data, b.data, b.len);
	assert_memory_equal(b.data + 0x3000, memory_of(&m, 0x3000), 0x3000);
	hpt_guest_close(guest);
	bytes_free(&b);
	bytes_free(&plain);
	bytes_free(&m.b);
}

/* Whatever write fails, its error comes back; without memory, too; and nothing is left. */
static void all_that_fails(void **state)
{
	struct made m = make_core(false, 0, 0, 0x3000, 0x3000);
	struct hpt_guest *guest;
	struct hpt_error err;
	long n, before, writes = 0;
	struct sink sink;
	int r;

	(void)state;
	memset(memory_of(&m, 0x3000) + 0x1000, 0x77, 0x1000);
	guest = must_open_saved(&m.b, 0, false);
	for (r = 1, n = 0; r && n < 100; n++) {
		sink = (struct sink){ .left = n };
		r = hpt_guest_write_core(guest, NULL, &sink_ops, &sink, &err);
		assert_true(!r ||
			    (r == HPT_ERR_SYSTEM && !strcmp(err.text, "the sink is full")));
		writes += r != 0;
		bytes_free(&sink.bytes);
	}
	assert_true(writes >= 4 && n < 100);
	hpt_guest_close(guest);
	for (r = 1, n = 0; r && n < 200; n++) {
		guest = must_open_saved(&m.b, 0, false);
		sink = (struct sink){ .left = 0 };
		before = live;
		countdown = n;
		r = hpt_guest_write_core(guest, NULL, &sink_ops, &sink, &err);
		r = countdown < 0 ? r : 0;
		countdown = -1;
		assert_true(!r || r == HPT_ERR_MEMORY);
		assert_int_equal(live, before);
		hpt_guest_close(guest);
	}
	assert_true(n > 3 && n < 200);
	bytes_free(&m.b);
}

static void opening_without_memory(void **state)
{
	struct made m = make_core(false, 0, 0, 0x3000, 0x3000);
	struct hpt_guest *guest = must_open_saved(&m.b, 0, false);
	struct bytes own = core_of(guest, NULL, &sink_ops);
	struct hpt_error err;
	long n, refused = 0, before;
	bool reached;
	int r = 0;

	(void)state;
	hpt_guest_close(guest);
	for (n = 0; n < 200; n++) {
		guest = NULL;
		before = live;
		countdown = n;
		r = open_saved(&own, 0, false, &guest, &err);
		reached = countdown < 0;
		countdown = -1;
		hpt_guest_close(guest);
		assert_int_equal(live, before);
		if (!reached)
			break;
		assert_true(!r || r == HPT_ERR_MEMORY);
		refused += r != 0;
	}
	assert_int_equal(r, 0);
	assert_true(refused > 3);
	bytes_free(&own);
	bytes_free(&m.b);
}

/* A note of a vCPU that brings segment registers: too many, or where it says that it has none. */
static void counts_in_a_note(void **state)
{
	static const unsigned char note[] = "\x48\x50\x54\x02LIBHPT\0";
	struct made m = make_core(false, 0, 0, 0x3000, 0x3000);
	struct hpt_guest *guest = must_open_saved(&m.b, 0, false), *core = NULL;
	struct bytes b = core_of(guest, NULL, &sink_ops);
	unsigned char *at = memmem(b.data, b.len, note, sizeof(note)), *of_vcpu;
	struct hpt_guest_vcpu v = { .size = sizeof(v) };
	struct hpt_error err;

	(void)state;
	assert_non_null(at);
	of_vcpu = at + sizeof(note);
	/* Room for four of them is where the one special purpose register is. */
	assert_true(of_vcpu[43]);
	of_vcpu[43] = 0;
	memset(of_vcpu + 48, 0x11, 16);
	of_vcpu[39] = 17;
	assert_int_equal(open_saved(&b, 0, false, &core, &err), HPT_ERR_FORMAT);
	assert_non_null(strstr(err.text, "counts that do not fit into a note of a vCPU"));
	of_vcpu[39] = 4;
	for (unsigned char has = 0; has <= HPT_VCPU_HAS_SR; has += HPT_VCPU_HAS_SR) {
		of_vcpu[7] = has;
		core = must_open_saved(&b, 0, false);
		assert_int_equal(hpt_guest_vcpu(core, 0, &v, &err), 0);
		assert_int_equal(v.has, has);
		assert_int_equal(v.sr[3], has ? 0x11111111 : 0);
		assert_int_equal(v.sr[4], 0);
		hpt_guest_close(core);
	}
	hpt_guest_close(guest);
	bytes_free(&b);
	bytes_free(&m.b);
}

static void bad_arguments(void **state)
{
	const struct hpt_core_mapping wraps = { UINT64_MAX, 0, 2 };
	struct hpt_core_options options = { .size = sizeof(options), .flags = 2 };
	struct made m = make_core(false, 0, 0, 0x3000, 0x3000);
	struct hpt_guest *guest = must_open_saved(&m.b, 0, false);
	struct hpt_vmcoreinfo info = { .size = 4 };
	struct sink sink = { .left = -1 };

	(void)state;
	assert_int_equal(hpt_guest_write_core(NULL, NULL, &sink_ops, &sink, NULL),
			 HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_guest_write_core(guest, NULL, NULL, &sink, NULL),
			 HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_guest_write_core(guest, &options, &sink_ops, &sink, NULL),
			 HPT_ERR_ARGUMENT);
	options.flags = 0;
	options.n_mappings = 1;
	assert_int_equal(hpt_guest_write_core(guest, &options, &sink_ops, &sink, NULL),
			 HPT_ERR_ARGUMENT);
	options.mappings = &wraps;
	assert_int_equal(hpt_guest_write_core(guest, &options, &sink_ops, &sink, NULL),
			 HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_guest_vmcoreinfo(guest, NULL, NULL), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_guest_vmcoreinfo(NULL, &info, NULL), HPT_ERR_ARGUMENT);
	assert_int_equal(sink.bytes.len, 0);
	hpt_guest_close(guest);
	bytes_free(&m.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_guest_again),
		cmocka_unit_test(foreign_core),
		cmocka_unit_test(trap_of_a_vector),
		cmocka_unit_test(mappings_share_ram),
		cmocka_unit_test(many_mappings),
		cmocka_unit_test(vmcoreinfo_is_found),
		cmocka_unit_test(raw_is_memory),
		cmocka_unit_test(all_that_fails),
		cmocka_unit_test(opening_without_memory),
		cmocka_unit_test(counts_in_a_note),
		cmocka_unit_test(bad_arguments),
	};

	if (!has_feature("ELF cores")) {
		printf("1..0 # SKIP built without libelf\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
