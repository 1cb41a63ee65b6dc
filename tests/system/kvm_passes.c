/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Passes over what changed, and looks at the bolted entries only. */

#include "kvm_parts.h"

/* Takes changes until the end of the pass, which must be the truth; returns the slots that
 * were told. */
static uint64_t take_pass(const struct guest *g)
{
	static struct hpt_entry entries[64];
	struct hpt_change change = { .end_of_pass = false };
	uint64_t slots = 0, next = 0;

	while (CHECK(hpt_table_next_change(g->table, &change, entries, 64, &err) == 0) &&
	       !change.end_of_pass) {
		uint64_t end = change.ptex + change.n_valid + change.n_invalid;

		if (!CHECK(change.n_valid <= 64 && change.ptex >= next && end <= g->n))
			break;
		CHECK(same("changed", change.ptex, entries, g->truth + change.ptex,
			   change.n_valid));
		for (uint64_t i = change.ptex + change.n_valid; i < end; i++)
			if (is_valid(g->truth[i]))
				CHECK(!"is invalid");
		slots += end - change.ptex;
		next = end;
	}
	return slots;
}

void check_passes(struct guest *g)
{
	uint64_t last = g->n - 2;

	tap_begin("order %u: passes over what changed", g->order);
	CHECK(take_pass(g) == g->n);
	CHECK(take_pass(g) == 0);

	guest_write(g, 77, 1, 5, 1);
	guest_write(g, last, 1, 5, 1);
	CHECK(take_pass(g) == 2);

	guest_clear(g, 77, 1);
	CHECK(take_pass(g) == 1);
	CHECK(take_pass(g) == 0);

	/* Many, and then one before them: each pass begins at the front. */
	guest_write(g, 200, 300, 5, 2);
	CHECK(take_pass(g) >= 150);
	guest_write(g, 3, 1, 5, 1);
	CHECK(take_pass(g) == 1);
	check_listing(g);
	tap_end();
}

/* What a descriptor gives in its first pass, all of it. */
static unsigned char *first_pass(const struct guest *g, size_t *len)
{
	size_t room = 1 << 20;
	unsigned char *bytes = malloc(room);
	int fd = raw_open(g, 0, 0);
	ssize_t n;

	*len = 0;
	while (bytes && (n = read(fd, bytes + *len, room - *len)) > 0) {
		*len += (size_t)n;
		if (room - *len < room / 2)
			bytes = realloc(bytes, room *= 2);
	}
	close(fd);
	return bytes;
}

/* The kernel has no call that tells the order: a first pass does. */
void check_order_from_stream(const struct guest *g)
{
	struct hpt_table *table = NULL;
	unsigned char *bytes;
	size_t len;

	tap_begin("order %u: told by the stream of a first pass", g->order);
	bytes = first_pass(g, &len);
	if (CHECK(bytes) &&
	    CHECK(hpt_capture_open_memory(bytes, len, NULL, &table, &err) == 0)) {
		CHECK(hpt_table_order(table) == g->order);
		CHECK(hpt_table_entries(table) == g->n);
	}
	free(bytes);
	hpt_table_close(table);
	tap_end();
}

/* What a look at the bolted entries shows instead of @entry. */
static struct hpt_entry bolted_view(struct hpt_entry entry)
{
	return entry.v & HPT_V_BOLTED ? entry : (struct hpt_entry){ 0, 0 };
}

static void check_bolted_look(struct guest *g, struct hpt_table *table)
{
	tap_begin("order %u: a look at the bolted entries, and read-only", g->order);
	CHECK(hpt_table_write(table, 0, 1, g->truth, &err) == HPT_ERR_READ_ONLY);
	CHECK(hpt_table_clear(table, 0, 1, &err) == HPT_ERR_READ_ONLY);
	if (CHECK(hpt_table_read(table, 0, g->n, g->found, &err) == 0))
		for (uint64_t i = 0; i < g->n; i++) {
			struct hpt_entry bolted = bolted_view(g->truth[i]);

			if (!same("bolted", i, g->found + i, &bolted, 1))
				CHECK(!"as written");
		}
	check_whole(g);
	tap_end();
}

/* Loading such a look clears what it calls invalid: all other entries. */
static void check_bolted_loaded(struct guest *g, const struct hpt_table *table)
{
	struct hpt_table *saved = NULL;
	uint64_t before = 0, after = 0;

	tap_begin("order %u: loading a look at the bolted entries loses all others", g->order);
	CHECK(hpt_sparse_open(g->order, &saved, &err) == 0);
	CHECK(hpt_table_copy(saved, table, NULL, &err) == 0);
	CHECK(hpt_table_copy(g->table, saved, NULL, &err) == 0);
	for (uint64_t i = 0; i < g->n; i++) {
		before += is_valid(g->truth[i]);
		g->truth[i] = bolted_view(g->truth[i]);
		after += is_valid(g->truth[i]);
	}
	CHECK(after && after < before);
	check_whole(g);
	tap_end();
	hpt_table_close(saved);
}

void check_bolted(struct guest *g)
{
	struct hpt_table *table = guest_open(g, g->order, HPT_KVM_BOLTED_ONLY);

	check_bolted_look(g, table);
	check_bolted_loaded(g, table);
	hpt_table_close(table);
}
