/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A guest that QEMU saved: its table first, then, where that costs little, the rest. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <string.h>

#include "internal.h"

#define RUN_STATE_HEADER 4 /* the text's length */

/* "globalstate": a length, then the name of the state, in plain letters. */
static void take_run_state(struct hpt_guest *guest, const unsigned char *bytes, uint64_t len)
{
	size_t i;

	if (len <= RUN_STATE_HEADER)
		return;
	bytes += RUN_STATE_HEADER;
	len -= RUN_STATE_HEADER;
	for (i = 0; i < len && i < GUEST_RUN_STATE_ROOM - 1; i++) {
		if (bytes[i] != '-' && (bytes[i] < 'a' || bytes[i] > 'z'))
			break;
		guest->run_state[i] = (char)bytes[i];
	}
	if (i == len || bytes[i])
		i = 0; /* no such text */
	guest->run_state[i] = '\0';
}

static int unknown_length(const struct hpt_guest *guest, const struct hpt_qemu_item *item,
			  struct hpt_error *err)
{
	const char *why = guest->description.why;

	return guest_fail_offset(err, HPT_ERR_SECTION_LENGTH, item->offset,
				 "offset %llu: the length of section \"%.60s\" instance %u is not "
				 "known: %s",
				 (unsigned long long)item->offset, item->name, item->instance_id,
				 *why ? why : "QEMU's description does not name it");
}

/*
 * Called for each section of device state. The description is looked for at the first one: a
 * source that is only read up to its table never pays for it.
 */
static int section_length(void *arg, struct hpt_qemu *q, const struct hpt_qemu_item *item,
			  uint64_t *length, struct hpt_error *err)
{
	struct hpt_guest *guest = arg;
	const uint64_t *known;
	const void *bytes;
	uint64_t offset, skip;
	size_t len;
	int r;

	r = hpt_qemu_rest(q, GUEST_REST_MAX, &bytes, &len, &offset, err);
	if (!r && !guest->description.looked_for)
		r = guest_description_find(&guest->description, bytes, len, err);
	if (r)
		return r;
	known = guest_description_length(&guest->description, item->name, item->instance_id);
	if (!known)
		return unknown_length(guest, item, err);
	skip = item->payload - offset;
	if (!strcmp(item->name, "globalstate") && skip <= len && *known <= len - skip)
		take_run_state(guest, (const unsigned char *)bytes + skip, *known);
	*length = *known;
	return 0;
}

/* Of a mapped file; another source reports what it reads. */
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
		.length = section_length,
		.arg = guest,
	};
	int r;

	if (!guest_source_plain(source))
		return hpt_qemu_open_reader(&guest_source_ops, source, &options, &guest->qemu,
					    err);
	r = guest_source_rewind(source, err);
	if (r)
		return r;
	options.offset = source->start;
	if (guest->options.progress)
		options.progress = report;
	return hpt_qemu_open(source->fd, &options, &guest->qemu, err);
}

/* Read to the end and count vCPUs on the way. */
static int read_rest(struct hpt_guest *guest, struct hpt_error *err)
{
	const struct hpt_qemu_item *item;
	uint32_t vcpus = 0;
	int r;

	for (;;) {
		r = hpt_qemu_next(guest->qemu, &item, err);
		if (r)
			return r;
		if (!item)
			break;
		if (item->type == HPT_QEMU_FULL && !strcmp(item->name, "cpu"))
			vcpus++;
	}
	guest->vcpus = vcpus;
	return 0;
}

/* The table decides; what comes behind it, broken or not, never takes it away. */
int guest_saved_open(struct hpt_guest *guest, struct hpt_error *err)
{
	struct hpt_error behind;
	int r = open_stream(guest, err);

	if (!r)
		r = hpt_qemu_read(guest->qemu, HPT_QEMU_UNTIL_TABLE, err);
	if (r)
		return r;
	if (!guest_source_plain(&guest->source) && !(guest->options.flags & HPT_GUEST_WHOLE))
		return 0;
	r = read_rest(guest, &behind);
	if (r == HPT_ERR_STOPPED) {
		if (err)
			*err = behind;
		return r;
	}
	if (r)
		guest_warn(guest, "behind the table, which is whole: %.280s", behind.text);
	return 0;
}
