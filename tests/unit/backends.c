/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

#include "conformance.h"

#define ORDER 18
#define BYTES ((size_t)1 << ORDER)
#define RA UINT64_C(0x3FE00000)

static void ok(int ret, const struct hpt_error *err)
{
	unit_ok(ret, err);
}

static void make_memory(struct rig *rig)
{
	rig->memory = aligned_alloc(16, BYTES);
	assert_non_null(rig->memory);
	memset(rig->memory, 0, BYTES);
}

static void close_memory(struct rig *rig)
{
	hpt_table_close(rig->table);
	free(rig->memory);
}

static void open_memory(struct rig *rig, const struct backend *b)
{
	const struct hpt_memory_options o = { sizeof(o), b->option };
	struct hpt_error err;

	make_memory(rig);
	unit_poison(&err);
	ok(hpt_memory_open(rig->memory, ORDER, b->option ? &o : NULL, &rig->table, &err), &err);
}

static int ram_read(void *ctx, uint64_t ra, size_t len, void *bytes, struct hpt_error *err)
{
	struct rig *rig = ctx;

	(void)err;
	assert_true(ra >= RA && ra - RA + len <= BYTES);
	memcpy(bytes, (char *)rig->memory + (ra - RA), len);
	return 0;
}

static int ram_write(void *ctx, uint64_t ra, size_t len, const void *bytes,
		     struct hpt_error *err)
{
	struct rig *rig = ctx;

	(void)err;
	assert_true(ra >= RA && ra - RA + len <= BYTES);
	memcpy((char *)rig->memory + (ra - RA), bytes, len);
	return 0;
}

static const void *ram_view(void *ctx, uint64_t ra, size_t len)
{
	const struct rig *rig = ctx;

	assert_true(ra >= RA && ra - RA + len <= BYTES);
	return (char *)rig->memory + (ra - RA);
}

static const struct hpt_memory_ops ram_ops = { sizeof(ram_ops), ram_read, ram_write, NULL };
static const struct hpt_memory_ops ram_view_ops = { sizeof(ram_view_ops), ram_read, ram_write,
						    ram_view };

static void open_ram(struct rig *rig, const struct backend *b)
{
	const struct hpt_memory_options o = { sizeof(o), b->option };
	struct hpt_error err;

	make_memory(rig);
	unit_poison(&err);
	ok(hpt_ram_open(b->other ? &ram_view_ops : &ram_ops, rig, RA, ORDER, &o, &rig->table, &err),
	   &err);
}

static void open_sparse(struct rig *rig, const struct backend *b)
{
	struct hpt_error err;

	(void)b;
	unit_poison(&err);
	ok(hpt_sparse_open(ORDER, &rig->table, &err), &err);
}

static void open_capture(struct rig *rig, const struct backend *b)
{
	unsigned char bytes[8];
	struct hpt_error err;

	(void)b;
	unit_poison(&err);
	ok(hpt_capture_open_memory(bytes, unit_bytes("L:0,0,4000", bytes, 8), NULL, &rig->table,
				   &err), &err);
}

static void open_kvm(struct rig *rig, const struct backend *b)
{
	kvm_start(rig, b->option);
}

/* The least that somebody's own table needs: read and write. */
static int own_read(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		    struct hpt_error *err)
{
	struct rig *rig = ctx;

	assert_true(n > 0 && ptex + n <= UNIT_SLOTS && err);
	memcpy(out, (struct hpt_entry *)rig->memory + ptex, n * sizeof(*out));
	return 0;
}

static int own_write(void *ctx, uint64_t ptex, size_t n, const struct hpt_entry *in,
		     struct hpt_error *err)
{
	struct hpt_entry *entries = ((struct rig *)ctx)->memory;

	assert_true(n > 0 && ptex + n <= UNIT_SLOTS && err);
	for (size_t i = 0; i < n; i++) {
		entries[ptex + i] = in[i];
		entries[ptex + i].v &= ~HPT_V_HYPERVISOR;
		if (!(in[i].v & HPT_V_VALID))
			entries[ptex + i] = (struct hpt_entry){ 0, 0 };
	}
	return 0;
}

static const struct hpt_table_ops own_ops = { .size = sizeof(own_ops), .read = own_read,
					      .write = own_write };
static const struct hpt_table_ops own_ro_ops = { .size = sizeof(own_ro_ops), .read = own_read };

static void open_own(struct rig *rig, const struct backend *b)
{
	const struct hpt_table_config config = { .size = sizeof(config), .backend = "own",
						 .order = ORDER };
	struct hpt_error err;

	(void)b;
	make_memory(rig);
	unit_poison(&err);
	ok(hpt_table_open(&own_ops, rig, &config, &rig->table, &err), &err);
}

#define C HPT_TABLE_CONCURRENT
#define L HPT_TABLE_LIVE
#define W HPT_TABLE_WRITABLE
#define V HPT_TABLE_VIEW
#define LIVE HPT_MEMORY_LIVE
#define V3 HPT_MEMORY_V3

#define MEMORY(name, flags, option)                                                           \
	{ name, "memory", flags, (option) & V3 ? HPT_FORM_V3 : HPT_FORM_CLASSIC, open_memory, \
	  close_memory, NULL, option, false }
#define RAM(name, flags, option, view)                                                        \
	{ name, "ram", flags, (option) & V3 ? HPT_FORM_V3 : HPT_FORM_CLASSIC, open_ram,       \
	  close_memory, NULL, option, view }

const struct backend backends[] = {
	MEMORY("memory", C | W | V, 0),
	MEMORY("memory live", C | L | W | V, LIVE),
	MEMORY("memory v3", C | W | V, V3),
	MEMORY("memory live v3", C | L | W | V, LIVE | V3),
	RAM("ram", C | W, 0, false),
	RAM("ram view", C | W | V, 0, true),
	RAM("ram live", C | L | W, LIVE, false),
	RAM("ram live view", C | L | W | V, LIVE, true),
	RAM("ram v3", C | W, V3, false),
	RAM("ram live view v3", C | L | W | V, LIVE | V3, true),
	{ "sparse", "sparse", C | W | V, HPT_FORM_CLASSIC, open_sparse, close_memory, NULL, 0,
	  false },
	{ "capture", "capture", C | W | V, HPT_FORM_CLASSIC, open_capture, close_memory, NULL,
	  0, false },
	{ "kvm", "kvm", L | W | HPT_TABLE_CHANGES, HPT_FORM_CLASSIC, open_kvm, kvm_end,
	  kvm_truth, 0, false },
	{ "own", "own", W, HPT_FORM_CLASSIC, open_own, close_memory, NULL, 0, false },
};

const size_t n_backends = COUNT(backends);

struct hpt_table *open_read_only(struct rig *rig, const struct backend *b)
{
	const struct hpt_memory_options o = { sizeof(o), b->option | HPT_MEMORY_READ_ONLY };
	const struct hpt_table_config config = { .size = sizeof(config), .backend = "own",
						 .order = ORDER };
	struct hpt_table *table = NULL;

	if (b->open == open_memory)
		assert_int_equal(hpt_memory_open(rig->memory, ORDER, &o, &table, NULL), 0);
	else if (b->open == open_ram)
		assert_int_equal(hpt_ram_open(b->other ? &ram_view_ops : &ram_ops, rig, RA, ORDER,
					      &o, &table, NULL), 0);
	else if (b->open == open_kvm)
		table = kvm_again(rig, HPT_KVM_READ_ONLY);
	else if (b->open == open_own)
		assert_int_equal(hpt_table_open(&own_ro_ops, rig, &config, &table, NULL), 0);
	return table;
}
