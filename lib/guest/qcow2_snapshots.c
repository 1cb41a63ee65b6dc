/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The table of a qcow2 image's snapshots, and which of them is meant. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qcow2.h"

#define SNAPSHOTS_MAX 65536u
#define ENTRY 40
/* Behind an entry: a larger state size, the disk's size, a count of instructions. */
#define EXTRA_STATE 8
#define EXTRA_DISK 16
#define EXTRA_MAX 1024u
#define FIRST 8

static int no_memory(struct hpt_error *err)
{
	return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a qcow2 image's snapshots");
}

static int take_extra(struct qcow2 *q, uint64_t at, uint32_t len, struct qcow2_snapshot *s,
		      struct hpt_error *err)
{
	unsigned char extra[EXTRA_DISK];
	size_t n = len < sizeof(extra) ? len : sizeof(extra);
	int r;

	if (len > EXTRA_MAX)
		return guest_fail_offset(
			err, HPT_ERR_FORMAT, at,
			"offset 0x%llx: a snapshot with %u bytes more, expected "
			"at most %u",
			(unsigned long long)at, len, EXTRA_MAX);
	r = guest_file_read(&q->file, at, extra, n, "a snapshot", err);
	if (r)
		return r;
	if (n >= EXTRA_STATE)
		s->state_size = guest_load(extra, 8);
	if (n >= EXTRA_DISK)
		s->disk_size = guest_load(extra + 8, 8);
	return 0;
}

/* Both in one allocation, each ended by a NUL. */
static int take_names(struct qcow2 *q, uint64_t at, size_t id_len, size_t name_len,
		      struct qcow2_snapshot *s, struct hpt_error *err)
{
	char *names = calloc(1, id_len + name_len + 2);
	int r;

	if (!names)
		return no_memory(err);
	s->id = names;
	s->name = names + id_len + 1;
	r = guest_file_read(&q->file, at, s->id, id_len, "a snapshot's id", err);
	if (!r)
		r = guest_file_read(&q->file, at + id_len, s->name, name_len,
				    "a snapshot's name", err);
	if (r)
		free(names);
	return r;
}

static struct qcow2_snapshot *new_snapshot(struct qcow2 *q)
{
	struct qcow2_snapshot *snapshots = q->snapshots;
	size_t room = q->room ? q->room * 2 : FIRST;

	if (q->n == q->room) {
		snapshots = realloc(snapshots, room * sizeof(*snapshots));
		if (!snapshots)
			return NULL;
		q->snapshots = snapshots;
		q->room = room;
	}
	return &q->snapshots[q->n];
}

/* Whatever is added to an offset here stays far below 2^64, as the file's size does. */
static int read_snapshot(struct qcow2 *q, uint64_t *at, struct hpt_error *err)
{
	struct qcow2_snapshot *s = new_snapshot(q);
	unsigned char entry[ENTRY];
	uint32_t extra;
	size_t id_len, name_len;
	int r;

	if (!s)
		return no_memory(err);
	r = guest_file_read(&q->file, *at, entry, sizeof(entry), "a snapshot", err);
	if (r)
		return r;
	*s = (struct qcow2_snapshot){
		.l1_offset = guest_load(entry, 8),
		.l1_size = (uint32_t)guest_load(entry + 8, 4),
		.date_sec = (uint32_t)guest_load(entry + 16, 4),
		.date_nsec = (uint32_t)guest_load(entry + 20, 4),
		.clock_nsec = guest_load(entry + 24, 8),
		.state_size = guest_load(entry + 32, 4),
		.disk_size = q->disk_size,
	};
	id_len = (size_t)guest_load(entry + 12, 2);
	name_len = (size_t)guest_load(entry + 14, 2);
	extra = (uint32_t)guest_load(entry + 36, 4);
	r = take_extra(q, *at + ENTRY, extra, s, err);
	if (!r)
		r = take_names(q, *at + ENTRY + extra, id_len, name_len, s, err);
	if (r)
		return r;
	q->n++;
	*at += ENTRY + extra + id_len + name_len;
	*at = (*at + 7) & ~UINT64_C(7);
	return 0;
}

int qcow2_read_snapshots(struct qcow2 *q, struct hpt_error *err)
{
	uint64_t at = q->snapshots_offset;
	uint32_t i;
	int r = 0;

	if (q->n_in_header > SNAPSHOTS_MAX)
		return guest_fail_offset(
			err, HPT_ERR_FORMAT, 60,
			"offset 60: a qcow2 image with %u snapshots, expected "
			"at most %u",
			q->n_in_header, SNAPSHOTS_MAX);
	for (i = 0; !r && i < q->n_in_header; i++)
		r = read_snapshot(q, &at, err);
	return r;
}

/* Names of those that have a guest's state, as far as there is room. */
static void list_names(const struct qcow2 *q, char *text, size_t room)
{
	char name[GUEST_PRINT_ROOM];
	size_t i, len = 0;

	*text = '\0';
	for (i = 0; i < q->n && len + 1 < room; i++)
		if (q->snapshots[i].state_size)
			len += (size_t)snprintf(text + len, room - len, "%s%s",
						len ? ", " : "",
						guest_printable(name, q->snapshots[i].name));
}

static int choose_lone(struct qcow2 *q, struct hpt_error *err)
{
	char names[160];
	size_t i, n = 0;

	for (i = 0; i < q->n; i++)
		if (q->snapshots[i].state_size && ++n == 1)
			q->chosen = &q->snapshots[i];
	if (n == 1)
		return 0;
	q->chosen = NULL;
	if (!n)
		return guest_fail(
			err, HPT_ERR_UNSUPPORTED,
			"a qcow2 disk image without a saved guest: of %zu snapshot%s "
			"none has one (another disk of the same guest may)",
			q->n, q->n == 1 ? "" : "s");
	list_names(q, names, sizeof(names));
	return guest_fail(err, HPT_ERR_ARGUMENT,
			  "a qcow2 disk image with %zu saved guests: say which, as FILE#NAME; "
			  "there are %s",
			  n, names);
}

/* How many have a name, or id; *@found is the first. */
static size_t count(struct qcow2 *q, const char *name, bool by_id,
		    const struct qcow2_snapshot **found)
{
	const struct qcow2_snapshot *s;
	size_t i, n = 0;

	for (i = 0; i < q->n; i++) {
		s = &q->snapshots[i];
		if (!strcmp(by_id ? s->id : s->name, name) && ++n == 1)
			*found = s;
	}
	return n;
}

int qcow2_choose(struct qcow2 *q, const char *name, struct hpt_error *err)
{
	const struct qcow2_snapshot *found = NULL;
	char print[GUEST_PRINT_ROOM], names[160];
	size_t n;

	if (!name)
		return choose_lone(q, err);
	guest_printable(print, name);
	n = count(q, name, false, &found);
	if (n > 1)
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "%zu snapshots are named \"%s\": say the id", n, print);
	if (!n && !count(q, name, true, &found)) {
		list_names(q, names, sizeof(names));
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "no snapshot \"%s\" in this qcow2 image; there are: %s",
				  print, *names ? names : "none with a guest");
	}
	if (!found->state_size)
		return guest_fail(
			err, HPT_ERR_UNSUPPORTED,
			"snapshot \"%s\" has no guest in this image: of a guest's disks "
			"one has its state",
			print);
	q->chosen = found;
	return 0;
}
