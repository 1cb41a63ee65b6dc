/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Writing a guest's table with the library: entries, refusals, whole tables restored. */

#include "kvm_parts.h"

#include <errno.h>

#define RESERVED_SEGMENT (UINT64_C(1) << 63)
#define SIXTEEN_GIGABYTES (HPT_R_M | 0x3000) /* dword 1 with L: a page at 0 */
#define SIXTEEN_MEGABYTES HPT_R_M

static void check_writes(struct guest *g)
{
	struct hpt_entry dirty;

	tap_begin("order %u: replace, invalidate, clear", g->order);
	guest_write(g, 991, 210, 2, 2);
	check_whole(g);
	/* The hypervisor's bits are not the caller's to write. */
	g->truth[g->n - 1] = guest_entry(g->n - 1, 3);
	dirty = g->truth[g->n - 1];
	dirty.v |= HPT_V_HYPERVISOR;
	CHECK(hpt_table_write(g->table, g->n - 1, 1, &dirty, &err) == 0);
	check_whole(g);
	/* A long stretch without an entry is several chunks of up to 65,535. */
	guest_clear(g, 5, g->n / 2);
	check_whole(g);
	tap_end();
}

/* After a chunk with entries the kernel goes on reading headers inside its first entry. This
 * one says there: slots 0x400 to 0x509 are invalid. */
static void check_lookalike(struct guest *g)
{
	const struct hpt_entry lookalike = { UINT64_C(0x0004000000000A01), 0x3000 | HPT_R_M };

	tap_begin("order %u: an entry that looks like a chunk's header", g->order);
	guest_write(g, 0x400, 10, 7, 1);
	for (uint64_t i = 16; i < 32; i++)
		g->truth[i] = i % 2 ? (struct hpt_entry){ 0, 0 } : lookalike;
	CHECK(hpt_table_write(g->table, 16, 16, g->truth + 16, &err) == 0);
	check_whole(g);
	tap_end();
}

/* Entry 3 of 5 is bad: those before it are written, it and those after are not. */
static void refused_at_3(struct guest *g, struct hpt_entry bad, int os_errno, const char *why)
{
	const uint64_t first = 200;
	struct hpt_entry entries[5];

	guest_clear(g, first, 5);
	for (unsigned i = 0; i < 5; i++)
		entries[i] = guest_entry(first + i, 4);
	entries[3] = bad;
	CHECK(hpt_table_write(g->table, first, 5, entries, &err) == HPT_ERR_REFUSED);
	CHECK(err.has & HPT_ERROR_HAS_PTEX && err.ptex == first + 3);
	CHECK(err.os_errno == os_errno);
	CHECK(strstr(err.text, "the kernel refused entry 0xcb"));
	CHECK(strstr(err.text, why));
	memcpy(g->truth + first, entries, 3 * sizeof(*entries));
	check_whole(g);
}

static void check_refused(struct guest *g)
{
	struct hpt_entry bad = { .v = UINT64_C(0x1234000) | HPT_V_VALID | HPT_V_LARGE };

	tap_begin("order %u: an LP that the kernel does not know is refused", g->order);
	bad.r = HPT_R_M | 0x5000;
	refused_at_3(g, bad, EINVAL, "does not know the page size");
	tap_end();

	tap_begin("order %u: a page larger than the memory slot is refused", g->order);
	bad.r = SIXTEEN_GIGABYTES;
	refused_at_3(g, bad, EIO, "page must lie whole in one memory slot");
	tap_end();

	tap_begin("order %u: a page larger than the host's pages behind it is refused",
		  g->order);
	bad.r = SIXTEEN_MEGABYTES;
	refused_at_3(g, bad, EIO, "no larger than the host's pages");
	tap_end();

	tap_begin("order %u: a reserved segment size is refused", g->order);
	bad = guest_entry(203, 4);
	bad.v |= RESERVED_SEGMENT;
	refused_at_3(g, bad, EIO, "B must be 0 or 1");
	tap_end();
}

/* What was in a slot is gone when the kernel refuses the new entry with EIO. */
static void check_refused_replacement(struct guest *g)
{
	struct hpt_entry bad = guest_entry(300, 4);

	tap_begin("order %u: a refused replacement loses the old entry, and says so",
		  g->order);
	guest_write(g, 298, 5, 4, 1);
	bad.v |= RESERVED_SEGMENT;
	CHECK(hpt_table_write(g->table, 300, 1, &bad, &err) == HPT_ERR_REFUSED);
	CHECK(err.ptex == 300 && strstr(err.text, "is empty now"));
	g->truth[300] = (struct hpt_entry){ 0, 0 };
	check_whole(g);
	/* But not with EINVAL. */
	bad = (struct hpt_entry){ HPT_V_VALID | HPT_V_LARGE, HPT_R_M | 0x5000 };
	CHECK(hpt_table_write(g->table, 301, 1, &bad, &err) == HPT_ERR_REFUSED);
	CHECK(err.ptex == 301 && !strstr(err.text, "is empty now"));
	check_whole(g);
	tap_end();
}

static void check_copy(struct guest *g)
{
	struct hpt_table *saved = NULL;
	uint64_t done = 0;

	tap_begin("order %u: saved, lost and restored", g->order);
	CHECK(hpt_sparse_open(g->order, &saved, &err) == 0);
	CHECK(hpt_table_copy(saved, g->table, NULL, &err) == 0);
	CHECK(host_give_table(g->vm, g->order)); /* the same order again: empties it */
	CHECK(hpt_table_read(g->table, 0, g->n, g->found, &err) == 0);
	for (uint64_t i = 0; i < g->n; i++)
		if (is_valid(g->found[i]))
			CHECK(!"an entry outlived it");
	CHECK(hpt_table_copy(g->table, saved, &done, &err) == 0 && done == g->n);
	check_whole(g);
	tap_end();
	hpt_table_close(saved);
}

void check_writing(struct guest *g)
{
	check_writes(g);
	check_lookalike(g);
	check_refused(g);
	check_refused_replacement(g);
	check_copy(g);
}

/* Captures of other hosts, /streams/HOST-NAME.stream, and the host's own listing beside --- */

static struct hpt_table *open_capture(const char *name)
{
	struct hpt_table *table = NULL;
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "/streams/%s", name);
	file = fopen(path, "rb");
	if (CHECK(file)) {
		CHECK(hpt_capture_open(fileno(file), NULL, &table, &err) == 0);
		fclose(file);
	}
	return table;
}

/* The listing that was made with the capture. */
static void captured_truth(struct guest *g, const char *name)
{
	struct host_line line;
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "/streams/%.*s.debugfs", (int)(strlen(name) - 7), name);
	file = fopen(path, "r");
	if (!CHECK(file))
		return;
	memset(g->truth, 0, g->n * sizeof(*g->truth));
	while (host_next_line(file, &line))
		if (CHECK(line.ptex < g->n))
			g->truth[line.ptex] =
				host_entry(&line, strstr(name, "powernv9") == name);
	fclose(file);
}

/* This one has 16M pages, for which our memory is too small: it gets none. */
static const char large_pages[] = "powernv8-sparse-p1.stream";

static void check_capture(const char *name)
{
	struct hpt_table *capture;
	uint64_t done = 0;
	struct guest g;

	tap_begin("a table restored from a capture: %s", name);
	capture = open_capture(name);
	if (capture && guest_start(&g, hpt_table_order(capture))) {
		if (strcmp(name, large_pages))
			guest_equip(&g);
		else
			CHECK(host_give_table(g.vm, g.order));
		guest_write(&g, 0, g.n, 9, 3); /* what was there goes */
		captured_truth(&g, name);
		CHECK(hpt_table_copy(g.table, capture, &done, &err) == 0 && done == g.n);
		check_whole(&g);
		guest_end(&g);
	}
	hpt_table_close(capture);
	tap_end();
}

/* One entry of a saved table cannot be restored: where it stopped is told, and true. */
static void check_half_restored(const char *name, uint64_t bad_ptex, bool plant)
{
	const struct hpt_entry bad = { HPT_V_VALID | HPT_V_LARGE, SIXTEEN_GIGABYTES };
	struct hpt_table *capture;
	struct hpt_entry *old;
	uint64_t done = 0;
	struct guest g;

	tap_begin("a restore of %s that fails at 0x%" PRIx64 " says exactly how far it came",
		  name, bad_ptex);
	capture = open_capture(name);
	if (capture && guest_start(&g, hpt_table_order(capture))) {
		guest_equip(&g);
		guest_write(&g, 0, g.n, 9, 3);
		old = malloc(g.n * sizeof(*old));
		memcpy(old, g.truth, g.n * sizeof(*old));
		captured_truth(&g, name);
		CHECK(!plant || hpt_table_write(capture, bad_ptex, 1, &bad, &err) == 0);
		CHECK(hpt_table_copy(g.table, capture, &done, &err) == HPT_ERR_REFUSED);
		CHECK(done == bad_ptex);
		CHECK(err.has & HPT_ERROR_HAS_PTEX && err.ptex == bad_ptex);
		/* Below: as saved. There: nothing. Behind: as it was. */
		memcpy(g.truth + done, old + done, (g.n - done) * sizeof(*old));
		g.truth[done] = (struct hpt_entry){ 0, 0 };
		check_whole(&g);
		free(old);
		guest_end(&g);
	}
	hpt_table_close(capture);
	tap_end();
}

void check_restores(void)
{
	static const char *const captures[] = { "powernv8-dense-p1.stream",
						"powernv8-ptegs-p1.stream",
						"powernv9-sparse-p1.stream", large_pages };
	static const uint64_t bad[] = { 0, 1, 0x1234, 0x3fff };

	for (unsigned i = 0; i < COUNT(captures); i++)
		check_capture(captures[i]);
	for (unsigned i = 0; i < COUNT(bad); i++)
		check_half_restored(captures[0], bad[i], true);
	check_half_restored(large_pages, 0x1b31, false);
}
