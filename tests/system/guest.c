/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "guest.h"

#include <sys/mman.h>
#include <unistd.h>

#define SEGMENT_1T (UINT64_C(1) << 62)
#define MAX_SHOWN 4
#define PAGES_4K (HOST_GUEST_BYTES >> 12)
#define PAGES_64K (HOST_GUEST_BYTES >> 16)

struct hpt_entry guest_entry(uint64_t ptex, unsigned seed)
{
	uint64_t mix =
		(ptex * UINT64_C(0x9E3779B97F4A7C15)) ^ (seed * UINT64_C(0xC2B2AE3D27D4EB4F));
	struct hpt_entry entry = {
		.v = ((mix >> 8) & UINT64_C(0x0000FFFFFFFFF000)) | HPT_V_VALID,
		.r = HPT_R_M | (mix & HPT_R_PP),
	};

	if (mix & 0x4)
		entry.v |= SEGMENT_1T;
	if (mix & 0x18)
		entry.v |= HPT_V_BOLTED;
	if ((mix & 0x60) == 0x60) {
		entry.v |= HPT_V_LARGE; /* 64K in a 64K segment: LP 1 */
		entry.r |= ((mix >> 20) % PAGES_64K) << 16 | 0x1000;
	} else {
		entry.r |= ((mix >> 20) % PAGES_4K) << 12;
	}
	if ((mix & 0x700) == 0x700)
		entry.r |= UINT64_C(1) << 40; /* no memory there */
	if (mix & 0x800)
		entry.r |= HPT_R_REFERENCED;
	if ((mix & 0x1800) == 0x1800)
		entry.r |= HPT_R_CHANGED;
	if (mix & 0x2000)
		entry.r |= HPT_R_NO_EXECUTE;
	return entry;
}

bool is_valid(struct hpt_entry entry)
{
	return entry.v & HPT_V_VALID;
}

bool same(const char *what, uint64_t ptex, const struct hpt_entry *found,
	  const struct hpt_entry *expected, size_t n)
{
	unsigned different = 0;

	for (size_t i = 0; i < n; i++) {
		if (found[i].v == expected[i].v && found[i].r == expected[i].r)
			continue;
		if (++different <= MAX_SHOWN)
			printf("# %s: %" PRIx64 ": %016" PRIx64 " %016" PRIx64
			       ", expected %016" PRIx64 " %016" PRIx64 "\n",
			       what, ptex + i, found[i].v, found[i].r, expected[i].v,
			       expected[i].r);
	}
	return !different;
}

struct hpt_table *guest_open(const struct guest *g, unsigned order, uint32_t flags)
{
	const struct hpt_kvm_options options = { .size = sizeof(options), .flags = flags };
	struct hpt_table *table = NULL;

	CHECK(hpt_kvm_open(g->vm, order, &options, &table, &err) == 0);
	return table;
}

bool guest_start(struct guest *g, unsigned order)
{
	memset(g, 0, sizeof(*g));
	g->order = order;
	g->n = UINT64_C(1) << (order - 4);
	g->truth = calloc(g->n, sizeof(*g->truth));
	g->found = calloc(g->n, sizeof(*g->found));
	g->vm = host_vm();
	if (!CHECK(g->vm >= 0) || !CHECK(g->truth && g->found))
		return false;
	g->table = guest_open(g, order, 0);
	return g->table;
}

void guest_end(struct guest *g)
{
	hpt_table_close(g->table);
	if (g->vm >= 0)
		close(g->vm);
	if (g->memory)
		munmap(g->memory, HOST_GUEST_BYTES);
	free(g->truth);
	free(g->found);
}

void guest_equip(struct guest *g)
{
	g->memory = host_give_memory(g->vm);
	CHECK(g->memory);
	CHECK(host_give_table(g->vm, g->order));
}

bool guest_start_filled(struct guest *g, unsigned order)
{
	if (!guest_start(g, order))
		return false;
	guest_equip(g);
	guest_write(g, 0, 4096, 1, 1);
	return true;
}

void guest_write(struct guest *g, uint64_t ptex, uint64_t n, unsigned seed, unsigned step)
{
	memset(g->truth + ptex, 0, n * sizeof(*g->truth));
	for (uint64_t i = ptex; step && i < ptex + n; i += step)
		g->truth[i] = guest_entry(i, seed);
	CHECK(hpt_table_write(g->table, ptex, n, g->truth + ptex, &err) == 0);
}

void guest_clear(struct guest *g, uint64_t ptex, uint64_t n)
{
	memset(g->truth + ptex, 0, n * sizeof(*g->truth));
	CHECK(hpt_table_clear(g->table, ptex, n, &err) == 0);
}

struct comparison {
	const struct guest *guest;
	uint64_t next;
	unsigned different;
};

static bool all_invalid(const struct hpt_entry *entries, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (is_valid(entries[i]))
			return false;
	return true;
}

/* The next entries that somebody tells of; between them there must be none. */
static bool compare(struct comparison *c, const char *what, uint64_t ptex, uint64_t n,
		    const struct hpt_entry *entries)
{
	const struct guest *g = c->guest;

	if (!CHECK(ptex >= c->next && ptex + n <= g->n))
		return false;
	c->different += !CHECK(all_invalid(g->truth + c->next, ptex - c->next)) ||
			!CHECK(same(what, ptex, entries, g->truth + ptex, n));
	c->next = ptex + n;
	return c->different < MAX_SHOWN;
}

static bool compare_line(void *arg, const struct host_line *line)
{
	const struct hpt_entry entry = host_entry(line, host_v3);

	return compare(arg, "debugfs", line->ptex, 1, &entry);
}

static int compare_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	return !compare(arg, "visit", ptex, n, entries);
}

static void compare_rest(const struct comparison *c)
{
	CHECK(all_invalid(c->guest->truth + c->next, c->guest->n - c->next));
}

void check_listing(const struct guest *g)
{
	struct comparison c = { .guest = g };

	CHECK(host_each_line(g->vm, compare_line, &c));
	compare_rest(&c);
}

void check_visit(const struct guest *g)
{
	struct comparison c = { .guest = g };

	CHECK(hpt_table_each(g->table, 0, UINT64_MAX, compare_run, &c, &err) == 0);
	compare_rest(&c);
}

void check_whole(const struct guest *g)
{
	check_listing(g);
	memset(g->found, 0xff, g->n * sizeof(*g->found));
	if (CHECK(hpt_table_read(g->table, 0, g->n, g->found, &err) == 0))
		CHECK(same("whole table", 0, g->found, g->truth, g->n));
}

void check_read_at(const struct guest *g, uint64_t ptex, size_t n)
{
	/* One more on both sides, which must stay as it is. */
	static struct hpt_entry found[MAX_READ + 2];
	const struct hpt_entry poison = { UINT64_C(0x5a5a5a5a5a5a5a5a), UINT64_C(0xa5a5) };

	found[0] = poison;
	found[n + 1] = poison;
	memset(found + 1, 0xff, n * sizeof(*found));
	if (CHECK(hpt_table_read(g->table, ptex, n, found + 1, &err) == 0))
		CHECK(same("read", ptex, found + 1, g->truth + ptex, n));
	CHECK(same("before", ptex, found, &poison, 1));
	CHECK(same("after", ptex, found + n + 1, &poison, 1));
}
