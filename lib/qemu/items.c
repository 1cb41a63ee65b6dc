/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Items: sections with their footers, and what stands between them. Source: QEMU
 * docs/devel/migration and the format of migration/savevm.c.
 */
#include "internal.h"

#define QEMU_FOOTER 0x7e
#define QEMU_FOOTER_BYTES 5
/* Sections that come in rounds: a real stream has a handful. */
#define QEMU_SECTIONS_MAX 4096

#define QEMU_RAM_VERSION 4u
#define QEMU_HTAB_VERSION 1u

static int misplaced(struct hpt_qemu *q, const char *what)
{
	return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, q->item.offset, "offset %llu: %s",
			       (unsigned long long)q->item.offset, what);
}

/* Linear: QEMU_SECTIONS_MAX bounds what a hostile stream can make of that. */
static struct qemu_section *find_section(struct hpt_qemu *q, uint32_t id)
{
	size_t i;

	for (i = 0; i < q->n_sections; i++)
		if (q->sections[i].id == id)
			return &q->sections[i];
	return NULL;
}

static bool is_ram(const struct hpt_qemu *q)
{
	return !strcmp(q->name, "ram");
}

static bool is_htab(const struct hpt_qemu *q)
{
	return !strcmp(q->name, "spapr/htab");
}

static int wrong_version(struct hpt_qemu *q, uint32_t version)
{
	return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, q->item.offset,
			       "offset %llu: section \"%s\" of version %u, expected %u",
			       (unsigned long long)q->item.offset, q->name,
			       q->item.version_id, version);
}

/* A section that is read here: is it the one, and of the version, that is known? */
static int check_known(struct hpt_qemu *q)
{
	if (is_ram(q) && q->item.version_id != QEMU_RAM_VERSION)
		return wrong_version(q, QEMU_RAM_VERSION);
	if (is_htab(q) && q->item.version_id != QEMU_HTAB_VERSION)
		return wrong_version(q, QEMU_HTAB_VERSION);
	if (is_ram(q) && q->ram.begun)
		return misplaced(q, "a second section \"ram\"");
	if (is_htab(q) && q->htab.state != HPT_QEMU_HTAB_ABSENT)
		return misplaced(q, "a second section \"spapr/htab\"");
	return 0;
}

static int add_section(struct hpt_qemu *q)
{
	struct qemu_section *section = find_section(q, q->item.section_id);
	void *array = q->sections;
	int r;

	if (section)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, q->item.offset,
				       "offset %llu: section id %u begins again",
				       (unsigned long long)q->item.offset, section->id);
	if (q->n_sections == QEMU_SECTIONS_MAX)
		return misplaced(q, "more than 4096 sections that come in rounds");
	r = qemu_grow(q, &array, &q->sections_room, q->n_sections, sizeof(*q->sections),
		      "a section");
	q->sections = array;
	if (r)
		return r;
	section = &q->sections[q->n_sections++];
	section->id = q->item.section_id;
	section->instance = q->item.instance_id;
	section->version = q->item.version_id;
	section->done = false;
	memcpy(section->name, q->name, sizeof(section->name));
	return 0;
}

/* The header of START and FULL, behind its type byte. */
static int read_named(struct hpt_qemu *q)
{
	int r = qemu_need(q, 4, "a section's header");

	if (r)
		return r;
	q->item.section_id = hpt_load_be32(qemu_bytes(q));
	qemu_use(q, 4);
	memset(q->name, 0, sizeof(q->name));
	r = qemu_read_name(q, q->name, "a section's name");
	if (!r)
		r = qemu_need(q, 8, "a section's header");
	if (r)
		return r;
	q->item.instance_id = hpt_load_be32(qemu_bytes(q));
	q->item.version_id = hpt_load_be32(qemu_bytes(q) + 4);
	qemu_use(q, 8);
	return 0;
}

/* The header of PART and END, behind its type byte: the rest was said by START. */
static int read_round(struct hpt_qemu *q)
{
	struct qemu_section *section;
	uint32_t id;
	int r = qemu_need(q, 4, "a section's header");

	if (r)
		return r;
	id = hpt_load_be32(qemu_bytes(q));
	section = find_section(q, id);
	if (!section || section->done)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, q->item.offset,
				       "offset %llu: a round of section id %u, which %s",
				       (unsigned long long)q->item.offset, id,
				       section ? "has ended" : "never began");
	qemu_use(q, 4);
	section->done = q->item.type == HPT_QEMU_END;
	q->item.section_id = id;
	q->item.instance_id = section->instance;
	q->item.version_id = section->version;
	memcpy(q->name, section->name, sizeof(q->name));
	return 0;
}

/* Ask the user how long a payload is that nothing in the stream says. */
static int ask_length(struct hpt_qemu *q, uint64_t *length)
{
	char print[QEMU_PRINT_ROOM];
	int r = HPT_ERR_SECTION_LENGTH;

	if (q->options.length) {
		memset(&q->error, 0, sizeof(q->error));
		r = q->options.length(q->options.arg, q, &q->item, length, &q->error);
		if (r && q->error.code && !(q->error.has & HPT_ERROR_HAS_OFFSET))
			hpt_error_set_offset(&q->error, q->item.offset);
	}
	if (r && (!q->options.length || !q->error.code))
		hpt_fail_offset(&q->error, r, q->item.offset,
				"offset %llu: section \"%s\" instance %u has no length in the "
				"stream, and it is not known otherwise",
				(unsigned long long)q->item.offset,
				qemu_printable(print, q->name), q->item.instance_id);
	return r;
}

static int skip_unknown(struct hpt_qemu *q)
{
	uint64_t length = 0, at = qemu_offset(q);
	char print[QEMU_PRINT_ROOM];
	int r = ask_length(q, &length);

	q->in.keep = false;
	if (r == HPT_ERR_SECTION_LENGTH && q->package_end > at) {
		/* The package says where it ends: pass over the rest of it. */
		r = qemu_warn(q, "offset %llu: the rest of a package is passed over: the length "
			      "of its section \"%s\" is not known",
			      (unsigned long long)q->item.offset,
			      qemu_printable(print, q->name));
		length = q->package_end - at;
	}
	return r ? r : qemu_skip(q, length, "a section of device state");
}

static int read_payload(struct hpt_qemu *q)
{
	bool full = q->item.type == HPT_QEMU_FULL;
	int r;

	q->item.payload = qemu_offset(q);
	/* What is passed over may have to be looked at from its header on: hpt_qemu_rest(). */
	q->in.keep = full || !(is_ram(q) || is_htab(q));
	if (q->in.keep)
		r = skip_unknown(q);
	else if (is_ram(q))
		r = qemu_ram_payload(q, q->item.type);
	else
		r = qemu_htab_payload(q, q->item.type);
	if (!r)
		q->item.length = qemu_offset(q) - q->item.payload;
	return r;
}

static int check_footer(struct hpt_qemu *q)
{
	uint64_t at = qemu_offset(q);
	const unsigned char *bytes;
	char print[QEMU_PRINT_ROOM];
	uint32_t id;
	int r = qemu_need(q, QEMU_FOOTER_BYTES, "a section's footer");

	if (r)
		return r;
	bytes = qemu_bytes(q);
	id = hpt_load_be32(bytes + 1);
	if (bytes[0] != QEMU_FOOTER || id != q->item.section_id)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, at,
				       "offset %llu: bytes %02x %08x behind section \"%s\", "
				       "expected its footer %02x %08x",
				       (unsigned long long)at, bytes[0], id,
				       qemu_printable(print, q->name), QEMU_FOOTER,
				       q->item.section_id);
	qemu_use(q, QEMU_FOOTER_BYTES);
	return 0;
}

/* Footers are a property of the machine: all sections have one, or none has. */
static int read_footer(struct hpt_qemu *q)
{
	int r;

	if (q->footers == QEMU_FOOTERS_NO || qemu_offset(q) == q->package_end)
		return 0;
	if (q->footers == QEMU_FOOTERS_UNKNOWN) {
		r = qemu_input_reach(q, 1);
		if (r)
			return r;
		q->footers = QEMU_FOOTERS_NO;
		if (q->in.pos == q->in.len || *qemu_bytes(q) != QEMU_FOOTER)
			return 0;
		q->footers = QEMU_FOOTERS_YES;
	}
	return check_footer(q);
}

static int read_section(struct hpt_qemu *q)
{
	bool named = q->item.type == HPT_QEMU_START || q->item.type == HPT_QEMU_FULL;
	int r;

	/* From its type byte on: reading the rest of the header may move the window. */
	q->in.keep = true;
	q->in.kept = q->in.pos - 1;
	r = named ? read_named(q) : read_round(q);
	if (!r && q->item.type == HPT_QEMU_START) {
		r = check_known(q);
		if (!r)
			r = add_section(q);
	}
	if (!r)
		r = read_payload(q);
	if (!r)
		r = read_footer(q);
	if (r)
		return r;
	q->n_items++;
	if (q->item.type == HPT_QEMU_END)
		q->rounds_ended++;
	return 0;
}

static int read_description(struct hpt_qemu *q)
{
	uint32_t len;
	int r = qemu_need(q, 4, "the description");

	if (r)
		return r;
	len = hpt_load_be32(qemu_bytes(q));
	qemu_use(q, 4);
	q->item.payload = qemu_offset(q);
	q->item.length = len;
	q->described = true;
	return qemu_skip(q, len, "the description");
}

/* A package has an end of its own, which is not that of the stream around it. */
static int read_eof(struct hpt_qemu *q)
{
	uint64_t rest;

	if (!q->package_end) {
		q->ended = true;
		return 0;
	}
	rest = q->package_end - qemu_offset(q);
	q->package_end = 0;
	return qemu_skip(q, rest, "a package");
}

static int read_item(struct hpt_qemu *q)
{
	int r;

	switch (q->item.type) {
	case HPT_QEMU_EOF:
		return read_eof(q);
	case HPT_QEMU_START:
	case HPT_QEMU_PART:
	case HPT_QEMU_END:
	case HPT_QEMU_FULL:
		return read_section(q);
	case HPT_QEMU_CONFIGURATION:
		q->item.payload = qemu_offset(q);
		r = qemu_read_configuration(q);
		q->item.length = qemu_offset(q) - q->item.payload;
		return r;
	case HPT_QEMU_COMMAND:
		r = qemu_read_command(q);
		q->item.length = qemu_offset(q) - q->item.payload;
		return r;
	case HPT_QEMU_DESCRIPTION:
		return misplaced(q, "a description before the end of the stream");
	default:
		break;
	}
	return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, q->item.offset,
			       "offset %llu: item type 0x%02x, expected 0x00 to 0x04, 0x07 or "
			       "0x08",
			       (unsigned long long)q->item.offset, (unsigned int)q->item.type);
}

/* Whatever was known of the item before is gone, so that no error can quote it. */
static void begin_item(struct hpt_qemu *q)
{
	memset(&q->item, 0, sizeof(q->item));
	q->name[0] = '\0';
	q->item.name = q->name;
	q->item.offset = qemu_offset(q);
	q->item.type = (enum hpt_qemu_type)*qemu_bytes(q);
	qemu_use(q, 1);
	q->item.payload = qemu_offset(q);
}

/* Behind the end: a description, then zeros that pad the file. Other bytes are odd. */
static int read_padding(struct hpt_qemu *q)
{
	uint64_t first = 0, n = 0, i;
	int r;

	for (;;) {
		r = qemu_input_reach(q, 1);
		if (r)
			return r;
		if (q->in.pos == q->in.len)
			break;
		for (i = q->in.pos; i < q->in.soft; i++) {
			if (q->in.base[i] && !n++)
				first = q->in.start + i;
		}
		q->in.pos = q->in.soft;
	}
	q->finished = true;
	if (!n)
		return 0;
	return qemu_warn(q, "%llu bytes behind the end of the stream, from offset %llu on, are "
			 "not understood",
			 (unsigned long long)(qemu_offset(q) - first),
			 (unsigned long long)first);
}

static int after_end(struct hpt_qemu *q, bool *found)
{
	if (q->described || *qemu_bytes(q) != HPT_QEMU_DESCRIPTION)
		return read_padding(q);
	begin_item(q);
	*found = true;
	return read_description(q);
}

/* A package ends between two items, or it is none. */
static int check_package(struct hpt_qemu *q)
{
	if (q->package_end && qemu_offset(q) > q->package_end)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, q->package_end,
				       "offset %llu: a package ends inside the item at offset "
				       "%llu",
				       (unsigned long long)q->package_end,
				       (unsigned long long)q->item.offset);
	if (qemu_offset(q) == q->package_end)
		q->package_end = 0;
	return 0;
}

int qemu_next(struct hpt_qemu *q, bool *found)
{
	int r = check_package(q);

	*found = false;
	if (r || q->finished)
		return r;
	r = qemu_input_reach(q, 1);
	if (r)
		return r;
	if (q->in.pos == q->in.len) {
		if (!q->ended)
			return qemu_truncated(q, 1, "the list of items");
		q->finished = true;
		return 0;
	}
	if (q->ended)
		return after_end(q, found);
	*found = true;
	begin_item(q);
	return read_item(q);
}

int hpt_qemu_next(struct hpt_qemu *q, const struct hpt_qemu_item **item, struct hpt_error *err)
{
	bool found = false;

	if (!q || !item)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "hpt_qemu_next: a NULL");
	if (!q->failed)
		q->failed = qemu_next(q, &found);
	if (q->failed) {
		if (err)
			*err = q->error;
		return q->failed;
	}
	*item = found ? &q->item : NULL;
	return 0;
}

/* Device state after the end of some section: no other will begin to come in rounds. */
static int at_device_state(struct hpt_qemu *q, bool *yes)
{
	int r;

	*yes = false;
	if (!q->rounds_ended || q->package_end)
		return 0;
	r = qemu_input_reach(q, 1);
	if (!r && q->in.pos < q->in.len)
		*yes = *qemu_bytes(q) == HPT_QEMU_FULL;
	return r;
}

/*
 * Has all been read that was asked for? Only what was read already is looked at, and, where a
 * stream may lack a section altogether, the type of the item that comes: reading a table from
 * a pipe must not wait for what stands behind it.
 */
static int far_enough(struct hpt_qemu *q, enum hpt_qemu_until until, bool *yes)
{
	bool no_htab = q->htab.state == HPT_QEMU_HTAB_ABSENT;
	bool no_ram = !q->ram.begun;

	*yes = q->finished;
	if (until == HPT_QEMU_UNTIL_END || *yes)
		return 0;
	*yes = q->ended || (q->htab.done && (until == HPT_QEMU_UNTIL_TABLE || q->ram.done));
	if (*yes || !(no_htab || q->htab.done))
		return 0;
	if (until == HPT_QEMU_UNTIL_MEMORY && !(no_ram || q->ram.done))
		return 0;
	return at_device_state(q, yes);
}

int hpt_qemu_read(struct hpt_qemu *q, enum hpt_qemu_until until, struct hpt_error *err)
{
	bool enough = false, found = true;

	if (!q || (int)until < HPT_QEMU_UNTIL_TABLE || until > HPT_QEMU_UNTIL_END)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"hpt_qemu_read: a NULL, or an unknown place to stop");
	while (!q->failed && found) {
		q->failed = far_enough(q, until, &enough);
		if (q->failed || enough)
			break;
		q->failed = qemu_next(q, &found);
	}
	if (q->failed && err)
		*err = q->error;
	return q->failed;
}
