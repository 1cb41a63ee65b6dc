/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The rounds of section "spapr/htab": the table's size, then chunks. Source: the format of
 * QEMU's hw/ppc/spapr.c and target/ppc/kvm.c.
 */
#include <stdlib.h>

#include "internal.h"

#define HTAB_NONE 0xffffffffu /* the guest has no hashed page table */
#define HTAB_CHUNKS 0u        /* in later rounds: chunks follow */
/* Entries taken in at once: 4 KiB on the stack. */
#define HTAB_BATCH 256

/* Give the table up; who was given it keeps a handle until the reader is closed. */
static int drop_table(struct hpt_qemu *q)
{
	struct qemu_htab *htab = &q->htab;
	struct hpt_table **retired;

	if (htab->table && htab->lent) {
		retired = realloc(htab->retired, (htab->n_retired + 1) *
				  sizeof(struct hpt_table *));
		if (!retired)
			return qemu_no_memory(q, "the table");
		htab->retired = retired;
		htab->retired[htab->n_retired++] = htab->table;
	} else {
		hpt_table_close(htab->table);
	}
	htab->table = NULL;
	htab->lent = false;
	htab->order = 0;
	htab->state = HPT_QEMU_HTAB_NONE;
	return 0;
}

/* A size in any round makes a table, empty, and forgets the one before. */
static int make_table(struct hpt_qemu *q, uint32_t order, uint64_t at)
{
	struct hpt_table *table;
	int r = hpt_sparse_open(order, &table, &q->error);

	if (r) {
		hpt_error_prepend(&q->error, "the size of spapr/htab");
		hpt_error_set_offset(&q->error, at);
		return r;
	}
	r = drop_table(q);
	if (r) {
		hpt_table_close(table);
		return r;
	}
	q->htab.table = table;
	q->htab.order = order;
	q->htab.state = HPT_QEMU_HTAB_READING;
	return 0;
}

static int write_failed(struct hpt_qemu *q, int r, const struct hpt_run *run)
{
	hpt_error_set_offset(&q->error, run->offset);
	return r;
}

/* Entries in batches: a chunk may have 65,535 of them, and the stack is not ours to fill. */
static int apply_run(struct hpt_qemu *q, const struct hpt_run *run)
{
	struct hpt_entry entries[HTAB_BATCH];
	const unsigned char *bytes = run->entries_be;
	uint64_t ptex = run->ptex;
	uint32_t left = run->n_valid, n;
	int r = 0;

	for (; !r && left > 0; left -= n) {
		n = left < HTAB_BATCH ? left : HTAB_BATCH;
		hpt_entries_from_bytes(bytes, n, entries);
		r = hpt_table_write(q->htab.table, ptex, n, entries, &q->error);
		if (r)
			return write_failed(q, r, run);
		bytes += (size_t)n * HPT_ENTRY_BYTES;
		ptex += n;
	}
	if (!r && run->n_invalid) {
		r = hpt_table_clear(q->htab.table, ptex, run->n_invalid, &q->error);
		if (r)
			return write_failed(q, r, run);
	}
	return r;
}

/* Let the decoder go on over the window. */
static int decode(struct hpt_qemu *q, struct hpt_decoder *decoder, enum hpt_event *event)
{
	struct hpt_run run;
	size_t used = 0;
	int r;

	if (q->in.pos == q->in.soft) {
		r = qemu_input_reach(q, 1);
		if (r)
			return r;
		if (q->in.pos == q->in.len) {
			r = hpt_decoder_finish(decoder, NULL, &q->error);
			return r ? r : qemu_truncated(q, 1, "chunks of spapr/htab");
		}
	}
	r = hpt_decoder_next(decoder, qemu_bytes(q), q->in.soft - q->in.pos, &used, event, &run,
			     &q->error);
	if (r)
		return r;
	qemu_use(q, used);
	return *event == HPT_EVENT_RUN ? apply_run(q, &run) : 0;
}

/* What does not lie in the table is corrupted, or of a table of another size. */
static int chunks_failed(struct hpt_qemu *q, int r)
{
	if (r == HPT_ERR_CHUNK_INDEX || r == HPT_ERR_CHUNK_COUNT)
		hpt_error_prepend(&q->error, "corrupted, or the guest resized its table while it "
				  "was saved, which such a file cannot tell");
	hpt_error_prepend(&q->error, "spapr/htab");
	return r;
}

/* The chunks of one round, up to the end marker. */
static int read_chunks(struct hpt_qemu *q)
{
	struct hpt_decoder_options options = {
		.size = sizeof(options),
		/* A round says nothing of the slots that it leaves out. */
		.flags = HPT_DECODER_LATER_PASS,
		.dialect = HPT_DIALECT_QEMU,
		.order = q->htab.order,
		.offset = qemu_offset(q),
	};
	struct hpt_stream_summary summary;
	enum hpt_event event = HPT_EVENT_MORE;
	struct hpt_decoder decoder;
	int r;

	r = hpt_decoder_init(&decoder, &options, &q->error);
	while (!r && event != HPT_EVENT_END)
		r = decode(q, &decoder, &event);
	if (r)
		return chunks_failed(q, r);
	hpt_decoder_summary(&decoder, &summary);
	q->htab.chunks += summary.chunks;
	q->htab.valid += summary.valid;
	q->htab.rounds += summary.chunks > 0;
	return 0;
}

/* Chunks where there is no table: only the end marker can be meant. */
static int read_no_chunks(struct hpt_qemu *q)
{
	uint64_t at = qemu_offset(q);
	int r = qemu_need(q, HPT_CHUNK_HEADER, "chunks of spapr/htab");

	if (r)
		return r;
	if (hpt_load_be64(qemu_bytes(q)))
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, at,
				       "offset %llu: a chunk of spapr/htab, expected none: the "
				       "section said that there is no hashed page table",
				       (unsigned long long)at);
	qemu_use(q, HPT_CHUNK_HEADER);
	return 0;
}

static int read_round(struct hpt_qemu *q, uint32_t word, bool start, uint64_t at)
{
	/* 0 in the first round: how QEMU 2.9 says "none". */
	if (word == HTAB_NONE || (start && word == 0))
		return drop_table(q);
	if (word != HTAB_CHUNKS)
		return make_table(q, word, at);
	return q->htab.table ? read_chunks(q) : read_no_chunks(q);
}

int qemu_htab_payload(struct hpt_qemu *q, enum hpt_qemu_type type)
{
	uint64_t at = qemu_offset(q);
	uint32_t word;
	int r = qemu_need(q, 4, "a round of spapr/htab");

	if (r)
		return r;
	word = hpt_load_be32(qemu_bytes(q));
	qemu_use(q, 4);
	r = read_round(q, word, type == HPT_QEMU_START, at);
	if (r)
		return r;
	if (type == HPT_QEMU_START)
		q->htab.order_start = q->htab.order;
	if (type == HPT_QEMU_END) {
		q->htab.done = true;
		if (q->htab.table)
			q->htab.state = HPT_QEMU_HTAB_WHOLE;
	}
	return 0;
}

void qemu_htab_close(struct qemu_htab *htab)
{
	size_t i;

	for (i = 0; i < htab->n_retired; i++)
		hpt_table_close(htab->retired[i]);
	free(htab->retired);
	hpt_table_close(htab->table);
}

int hpt_qemu_table(struct hpt_qemu *q, struct hpt_table **out, struct hpt_error *err)
{
	if (!q || !out)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "hpt_qemu_table: a NULL");
	if (q->htab.table) {
		q->htab.lent = true;
		*out = q->htab.table;
		return 0;
	}
	if (q->htab.state == HPT_QEMU_HTAB_NONE)
		return hpt_fail(err, HPT_ERR_NO_HPT,
				"no hashed page table: the guest uses radix, or had not chosen "
				"when it was saved");
	if (q->ended || q->rounds_ended)
		return hpt_fail(err, HPT_ERR_NO_HPT,
				"no section \"spapr/htab\": a bare machine keeps its tables, if "
				"any, in its own memory");
	return hpt_fail(err, HPT_ERR_ARGUMENT,
			"hpt_qemu_table: no round of \"spapr/htab\" was read yet");
}
