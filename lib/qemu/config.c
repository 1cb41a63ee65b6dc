/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The stream's header, its configuration and its commands. Source: QEMU
 * docs/devel/migration and the format of migration/savevm.c.
 */
#include <stdlib.h>

#include "internal.h"

#define QEMU_MAGIC 0x5145564Du /* "QEVM" */
#define QEMU_VERSION 3u
#define QEMU_SUBSECTION 0x05
/* log2 of HPT_QEMU_PAGE: fixed on ppc in system emulation. */
#define QEMU_PAGE_BITS 12u
#define QEMU_UUID_BYTES 16

enum qemu_command {
	QEMU_CMD_POSTCOPY_ADVISE = 3,
	QEMU_CMD_PACKAGED = 7,
};

int qemu_read_header(struct hpt_qemu *q)
{
	uint32_t magic, version;
	int r = qemu_need(q, 8, "the header");

	if (r)
		return r;
	magic = hpt_load_be32(qemu_bytes(q));
	version = hpt_load_be32(qemu_bytes(q) + 4);
	if (magic != QEMU_MAGIC)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, qemu_offset(q),
				       "offset %llu: magic 0x%08x, expected 0x%08x (\"QEVM\")",
				       (unsigned long long)qemu_offset(q), magic, QEMU_MAGIC);
	if (version != QEMU_VERSION)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, qemu_offset(q) + 4,
				       "offset %llu: version %u of the migration stream, "
				       "expected %u",
				       (unsigned long long)(qemu_offset(q) + 4), version,
				       QEMU_VERSION);
	qemu_use(q, 8);
	return 0;
}

int qemu_read_name(struct hpt_qemu *q, char out[QEMU_NAME_ROOM], const char *what)
{
	size_t len;
	int r = qemu_need(q, 1, what);

	if (r)
		return r;
	len = *qemu_bytes(q);
	r = qemu_need(q, 1 + len, what);
	if (r)
		return r;
	if (len == 0 || memchr(qemu_bytes(q) + 1, 0, len))
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, qemu_offset(q),
				       "offset %llu: %s is %s, expected 1 to 255 bytes of text",
				       (unsigned long long)qemu_offset(q), what,
				       len ? "a text with a NUL in it" : "empty");
	memcpy(out, qemu_bytes(q) + 1, len);
	out[len] = '\0';
	qemu_use(q, 1 + len);
	return 0;
}

/*
 * The text goes to messages and comparisons, so it may not have a NUL. 255 bytes are far more
 * than any machine type has, and keep a hostile length from becoming an allocation.
 */
static int read_machine(struct hpt_qemu *q)
{
	uint64_t at = qemu_offset(q);
	uint32_t len;
	int r = qemu_need(q, 4, "the configuration");

	if (r)
		return r;
	len = hpt_load_be32(qemu_bytes(q));
	if (len > QEMU_NAME_MAX)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, at,
				       "offset %llu: a machine type of %u bytes, expected at "
				       "most %d",
				       (unsigned long long)at, len, QEMU_NAME_MAX);
	r = qemu_need(q, 4 + len, "the machine type");
	if (r)
		return r;
	if (memchr(qemu_bytes(q) + 4, 0, len))
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, at,
				       "offset %llu: the machine type has a NUL in it",
				       (unsigned long long)at);
	q->machine = malloc((size_t)len + 1);
	if (!q->machine)
		return qemu_no_memory(q, "the machine type");
	memcpy(q->machine, qemu_bytes(q) + 4, len);
	q->machine[len] = '\0';
	qemu_use(q, 4 + len);
	return 0;
}

static int read_page_bits(struct hpt_qemu *q)
{
	uint32_t bits;
	int r = qemu_need(q, 4, "configuration/target-page-bits");

	if (r)
		return r;
	bits = hpt_load_be32(qemu_bytes(q));
	if (bits != QEMU_PAGE_BITS)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, qemu_offset(q),
				       "offset %llu: target pages of 2^%u bytes, expected 2^%u "
				       "as on every ppc machine",
				       (unsigned long long)qemu_offset(q), bits, QEMU_PAGE_BITS);
	qemu_use(q, 4);
	return 0;
}

/*
 * QEMU records only the capabilities that change the stream's form; one that is not known
 * here may have changed what follows, so it is worth a remark should that go wrong.
 */
static int read_capabilities(struct hpt_qemu *q)
{
	char name[QEMU_NAME_ROOM], print[QEMU_PRINT_ROOM];
	uint32_t count;
	int r = qemu_need(q, 4, "configuration/capabilities");

	if (r)
		return r;
	count = hpt_load_be32(qemu_bytes(q));
	qemu_use(q, 4);
	for (; count > 0; count--) {
		r = qemu_read_name(q, name, "a capability's name");
		if (r)
			return r;
		if (!strcmp(name, "mapped-ram"))
			q->mapped_ram = true;
		else if (!strcmp(name, "x-ignore-shared"))
			q->ignore_shared = true;
		else
			r = qemu_warn(q, "the configuration names capability \"%s\", which is "
				      "not known here", qemu_printable(print, name));
		if (r)
			return r;
	}
	return 0;
}

/* A subsection has no length either: one that is not known ends the reading. */
static int read_config_subsection(struct hpt_qemu *q)
{
	char name[QEMU_NAME_ROOM], print[QEMU_PRINT_ROOM];
	uint64_t at = qemu_offset(q);
	int r;

	qemu_use(q, 1);
	r = qemu_read_name(q, name, "a subsection's name");
	if (!r)
		r = qemu_need(q, 4, "a subsection's version");
	if (r)
		return r;
	qemu_use(q, 4);
	if (!strcmp(name, "configuration/target-page-bits"))
		return read_page_bits(q);
	if (!strcmp(name, "configuration/capabilities"))
		return read_capabilities(q);
	if (!strcmp(name, "configuration/uuid"))
		return qemu_skip(q, QEMU_UUID_BYTES, "configuration/uuid");
	return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, at,
			       "offset %llu: subsection \"%s\" of the configuration, expected "
			       "target-page-bits, capabilities or uuid",
			       (unsigned long long)at, qemu_printable(print, name));
}

int qemu_read_configuration(struct hpt_qemu *q)
{
	uint64_t at = q->item.offset;
	int r;

	if (q->configured || q->n_items > 0)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, at,
				       "offset %llu: a configuration, expected once and before "
				       "every section",
				       (unsigned long long)at);
	q->configured = true;
	r = read_machine(q);
	while (!r) {
		r = qemu_input_reach(q, 1);
		if (r || q->in.pos == q->in.len || *qemu_bytes(q) != QEMU_SUBSECTION)
			break;
		r = read_config_subsection(q);
	}
	return r;
}

/* A packaged stream follows its command: its items are read as if they stood alone. */
static int open_package(struct hpt_qemu *q, uint16_t len)
{
	uint64_t at = q->item.offset;

	if (q->package_end || len != 4)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, at,
				       "offset %llu: command PACKAGED %s %u bytes, expected 4, "
				       "and not in another package",
				       (unsigned long long)at,
				       q->package_end ? "in a package, of" : "of", len);
	q->package_end = qemu_offset(q) + 4 + hpt_load_be32(qemu_bytes(q));
	return 0;
}

int qemu_read_command(struct hpt_qemu *q)
{
	uint16_t len;
	int r = qemu_need(q, 4, "a command");

	if (r)
		return r;
	q->item.command = hpt_load_be16(qemu_bytes(q));
	len = hpt_load_be16(qemu_bytes(q) + 2);
	qemu_use(q, 4);
	q->item.payload = qemu_offset(q);
	r = qemu_need(q, len, "a command's data");
	if (r)
		return r;
	if (q->item.command == QEMU_CMD_POSTCOPY_ADVISE)
		q->postcopy = true;
	if (q->item.command == QEMU_CMD_PACKAGED)
		r = open_package(q, len);
	qemu_use(q, len);
	return r;
}
