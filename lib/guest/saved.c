/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A guest that QEMU saved: its table first, then, where that costs little, the rest. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Of a plain file; another source reports what it reads. */
static int report(void *arg, uint64_t done, uint64_t total)
{
	const struct hpt_guest *guest = arg;

	return guest->options.progress(guest->options.arg, done, total);
}

static int open_stream(struct hpt_guest *guest, struct hpt_error *err)
{
	struct guest_source *source = &guest->source;
	struct hpt_qemu_options options = {
		.size = sizeof(options),
		.length = guest_section,
		.arg = guest,
	};
	int r;

	/* Offsets of pages in a "mapped-ram" stream are those of the whole file. */
	options.offset = source->base;
	if (guest->spool >= 0)
		return hpt_qemu_open(guest->spool, &options, &guest->qemu, err);
	if (!guest_source_plain(source))
		return hpt_qemu_open_reader(&guest_source_ops, source, &options, &guest->qemu,
					    err);
	r = guest_source_rewind(source, err);
	if (r)
		return r;
	options.offset = source->start;
	if (guest->options.flags & HPT_GUEST_MAP)
		options.flags = HPT_QEMU_MAP;
	if (guest->options.progress)
		options.progress = report;
	return hpt_qemu_open(source->fd, &options, &guest->qemu, err);
}

/* What stands behind the table was broken, or there was no memory for it: only a remark. */
static void behind_failed(struct hpt_guest *guest, int r, const struct hpt_error *behind)
{
	guest_warn(guest, "behind the table, which is whole: %.280s", behind->text);
	guest->state.failed = r;
	guest->state.why = *behind;
}

/* Device state, and what follows of it. */
static int read_behind(struct hpt_guest *guest, struct hpt_error *err)
{
	int r = hpt_qemu_read(guest->qemu, HPT_QEMU_UNTIL_END, err);

	guest_description_close(&guest->description);
	if (!r)
		r = guest_state_finish(guest, err);
	if (r)
		return r;
	guest->state.read = true;
	guest->vcpus = (uint32_t)guest->state.n_vcpus;
	return 0;
}

/* Bytes in which the first round of every section lies that has rounds. */
#define FIRST_ROUNDS ((size_t)64 << 10)

/*
 * A bare machine's table lies in its RAM, which cannot be had again once it has passed. What
 * it is shows at the very start: the first rounds of all sections come before any page, and
 * a pseries guest has "spapr/htab" among them.
 */
static bool begins_bare(const void *bytes, size_t len)
{
	const struct hpt_qemu_item *item = NULL;
	bool sections = false, table = false;
	struct hpt_qemu *q;

	if (hpt_qemu_open_memory(bytes, len, NULL, &q, NULL))
		return false;
	while (!table && !hpt_qemu_next(q, &item, NULL) && item &&
	       (item->type == HPT_QEMU_START || item->type == HPT_QEMU_CONFIGURATION ||
		item->type == HPT_QEMU_COMMAND)) {
		sections |= item->type == HPT_QEMU_START;
		table |= item->type == HPT_QEMU_START && !strcmp(item->name, "spapr/htab");
	}
	hpt_qemu_close(q);
	return sections && !table;
}

/* The source ends too early, or goes wrong: what came before may be enough. */
static bool is_cut(int code)
{
	return code == HPT_ERR_TRUNCATED || code == HPT_ERR_FORMAT;
}

/* Keep a source that can only be read forward, if it was asked for or the table needs it. */
static int keep(struct hpt_guest *guest, struct hpt_error *err)
{
	struct guest_source *source = &guest->source;
	int r;

	if (guest_source_plain(source))
		return 0;
	r = guest_source_peek(source, FIRST_ROUNDS, err);
	if (r && !is_cut(r))
		return r;
	if (begins_bare(source->head, source->head_len))
		guest->options.flags |= HPT_GUEST_MEMORY;
	return guest->options.flags & HPT_GUEST_MEMORY ? guest_spool(guest, err) : 0;
}

/* A file that is cut may have its table whole: that is seen later. */
static int make_spool(struct hpt_guest *guest, struct hpt_error *cut, int *cut_code,
		      struct hpt_error *err)
{
	int r = keep(guest, cut);

	*cut_code = r;
	if (!r || is_cut(r))
		return 0;
	if (err)
		*err = *cut;
	return r;
}

static int open_table(struct hpt_guest *guest, struct hpt_error *err)
{
	int r = open_stream(guest, err);

	return r ? r : hpt_qemu_read(guest->qemu, HPT_QEMU_UNTIL_TABLE, err);
}

/* The table decides; what comes behind it, broken or not, never takes it away. */
int guest_saved_open(struct hpt_guest *guest, struct hpt_error *err)
{
	uint32_t whole = HPT_GUEST_WHOLE | HPT_GUEST_MEMORY;
	struct hpt_error behind;
	int cut, r = make_spool(guest, &behind, &cut, err);

	if (r)
		return r;
	r = open_table(guest, err);
	if (r && cut && err)
		*err = behind;
	if (r)
		return cut ? cut : r;
	if (!guest_source_plain(&guest->source) && !(guest->options.flags & whole))
		return 0;
	r = cut ? cut : read_behind(guest, &behind);
	if (r == HPT_ERR_STOPPED) {
		if (err)
			*err = behind;
		return r;
	}
	if (r)
		behind_failed(guest, r, &behind);
	return 0;
}
