/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A guest in an internal snapshot of a qcow2 disk image (savevm): the image's header. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qcow2.h"

#define MAGIC "QFI\xfb"
#define MAGIC_LEN 4
#define HEADER_V2 72
#define HEADER_V3 104
#define COMPRESSION_AT 104
#define CLUSTER_BITS_MIN 9
#define CLUSTER_BITS_MAX 21
/* Subclusters come with clusters of 16 KiB or more. */
#define EXTENDED_BITS_MIN 14
#define DIRTY 1u
#define CORRUPT 2u
#define DATA_FILE 4u
#define COMPRESSION 8u
#define EXTENDED 16u
#define KNOWN (DIRTY | CORRUPT | DATA_FILE | COMPRESSION | EXTENDED)

bool guest_qcow2_is(const struct guest_source *source)
{
	return source->head_len >= MAGIC_LEN && !memcmp(source->head, MAGIC, MAGIC_LEN);
}

static int refuse(struct hpt_error *err, unsigned int at, const char *what)
{
	return guest_fail_offset(err, HPT_ERR_UNSUPPORTED, at, "offset %u: a qcow2 image %s",
				 at, what);
}

static int take_features(struct qcow2 *q, const unsigned char *header, struct hpt_error *err)
{
	uint64_t features = guest_load(header + 72, 8);
	unsigned char type = 0;
	int r = 0;

	if (features & DATA_FILE)
		return refuse(err, 72, "whose data is in another file, which is not read");
	if (features & ~(uint64_t)KNOWN)
		return guest_fail_offset(err, HPT_ERR_UNSUPPORTED, 72,
					 "offset 72: a qcow2 image with features 0x%llx, of "
					 "which 0x%x are known",
					 (unsigned long long)features, KNOWN);
	q->corrupt = features & CORRUPT;
	q->extended = features & EXTENDED;
	if (features & COMPRESSION)
		r = guest_file_read(&q->file, COMPRESSION_AT, &type, 1, "the header", err);
	if (!r && type > QCOW2_ZSTD)
		return guest_fail_offset(
			err, HPT_ERR_UNSUPPORTED, COMPRESSION_AT,
			"offset %d: a qcow2 image with clusters compressed in "
			"way %u, expected 0 (zlib) or 1 (zstd)",
			COMPRESSION_AT, type);
	q->compression = type ? QCOW2_ZSTD : QCOW2_ZLIB;
	return r;
}

static int take_header(struct qcow2 *q, const unsigned char *header, struct hpt_error *err)
{
	q->version = (unsigned int)guest_load(header + 4, 4);
	q->backing = guest_load(header + 8, 8) != 0;
	q->cluster_bits = (unsigned int)guest_load(header + 20, 4);
	q->disk_size = guest_load(header + 24, 8);
	q->n_in_header = (uint32_t)guest_load(header + 60, 4);
	q->snapshots_offset = guest_load(header + 64, 8);
	if (q->version < 2 || q->version > 3)
		return guest_fail_offset(
			err, HPT_ERR_UNSUPPORTED, 4,
			"offset 4: a qcow2 image of version %u, expected 2 or 3", q->version);
	if (q->cluster_bits < CLUSTER_BITS_MIN || q->cluster_bits > CLUSTER_BITS_MAX)
		return guest_fail_offset(
			err, HPT_ERR_FORMAT, 20,
			"offset 20: a qcow2 image with clusters of 2^%u bytes, "
			"expected 2^%d to 2^%d",
			q->cluster_bits, CLUSTER_BITS_MIN, CLUSTER_BITS_MAX);
	if (guest_load(header + 32, 4))
		return refuse(err, 32,
			      "that is encrypted: decrypt it first (qemu-img convert "
			      "drops snapshots)");
	return 0;
}

static int read_header(struct qcow2 *q, struct hpt_error *err)
{
	unsigned char header[HEADER_V3];
	int r = guest_file_read(&q->file, 0, header, HEADER_V2, "the header", err);

	if (!r)
		r = take_header(q, header, err);
	if (!r && q->version > 2)
		r = guest_file_read(&q->file, 0, header, HEADER_V3, "the header", err);
	if (!r && q->version > 2)
		r = take_features(q, header, err);
	if (!r && q->extended && q->cluster_bits < EXTENDED_BITS_MIN)
		return guest_fail_offset(
			err, HPT_ERR_FORMAT, 20,
			"offset 20: a qcow2 image with subclusters of clusters "
			"of 2^%u bytes",
			q->cluster_bits);
	q->l2_bits = q->cluster_bits - (q->extended ? 4 : 3);
	return r;
}

static void qcow2_close(void *ctx)
{
	struct qcow2 *q = ctx;
	size_t i;

	for (i = 0; i < q->n; i++)
		free(q->snapshots[i].id);
	free(q->snapshots);
	free(q->l2);
	free(q->packed);
	free(q->unpacked);
	free(q);
}

static void describe(struct hpt_guest *guest, const struct qcow2 *q)
{
	struct guest_container *container = &guest->container;
	char name[GUEST_PRINT_ROOM];

	container->name = "qcow2";
	snprintf(container->details, sizeof(container->details),
		 "version %u, %zu snapshot%s%s%.80s", q->version, q->n, q->n == 1 ? "" : "s",
		 q->chosen ? ", this is " : "",
		 q->chosen ? guest_printable(name, q->chosen->name) : "");
	if (q->corrupt)
		guest_warn(guest, "the qcow2 image is marked as corrupt");
}

/* With HPT_GUEST_LIST an image opens without a guest, when there is none or a choice of them. */
static int choose(struct hpt_guest *guest, struct qcow2 *q, struct hpt_error *err)
{
	struct hpt_error why;
	int r = qcow2_choose(q, guest->options.snapshot, &why);

	if (!r)
		return qcow2_begin(q, err);
	if (guest->options.flags & HPT_GUEST_LIST && !guest->options.snapshot) {
		guest->state.why = why;
		guest->state.failed = r;
		return 0;
	}
	if (err)
		*err = why;
	return r;
}

int guest_qcow2_open(struct hpt_guest *guest, struct hpt_error *err)
{
	struct guest_source *source = &guest->source;
	struct qcow2 *q = calloc(1, sizeof(*q));
	int r;

	if (!q)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a qcow2 image");
	q->source = source;
	r = guest_file_of(guest, &q->file, err);
	if (!r)
		r = read_header(q, err);
	if (!r)
		r = qcow2_read_snapshots(q, err);
	if (!r)
		r = choose(guest, q, err);
	if (r) {
		qcow2_close(q);
		return r;
	}
	describe(guest, q);
	guest->kind = HPT_SOURCE_QEMU;
	guest->container.qcow2 = q;
	guest->container.close = qcow2_close;
	if (q->chosen)
		guest_source_replace(source, &qcow2_ops, q);
	return 0;
}

int hpt_guest_snapshot(const struct hpt_guest *guest, size_t i,
		       struct hpt_guest_snapshot *snapshot, struct hpt_error *err)
{
	struct hpt_guest_snapshot known = { .size = sizeof(known) };
	const struct qcow2_snapshot *from;
	const struct qcow2 *q = guest ? guest->container.qcow2 : NULL;

	if (!guest || !snapshot || !q || i >= q->n)
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "hpt_guest_snapshot: a NULL, or snapshot %zu of %zu", i,
				  q ? q->n : 0);
	from = &q->snapshots[i];
	known.id = from->id;
	known.name = from->name;
	known.date_sec = from->date_sec;
	known.date_nsec = from->date_nsec;
	known.clock_nsec = from->clock_nsec;
	known.state_bytes = from->state_size;
	known.opened = from == q->chosen;
	return guest_result_out(snapshot, &known, sizeof(known), "hpt_guest_snapshot", err);
}
