/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "watch.h"

/*
 * An HTAB stream as it comes: each pass is shown when the next begins, when QEMU's marker or
 * the stream ends it, or when nothing has come for a while.
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define BUFFER_BYTES ((size_t)64 * 1024)
#define PART_ENTRIES 1024u

struct feed {
	struct watch *watch;
	const char *name;
	int fd;
	unsigned char *bytes;
	size_t have;
	bool ended;
	bool decoding; /* the dialect is known */
	bool found;    /* by looking */
	struct hpt_decoder decoder;
	struct hpt_table *now, *last; /* last: NULL during the first pass */
	unsigned order;
	uint32_t pass;
	bool pending; /* something came since the last look */
	struct hpt_entry entries[PART_ENTRIES];
};

static int fail(const struct feed *feed, const struct hpt_error *err)
{
	complain("%s: %s", feed->name, err->text);
	return EXIT_ERROR;
}

/* A table with nothing in it, which costs what will be. */
static int open_empty(unsigned order, struct hpt_table **out, struct hpt_error *err)
{
	const struct hpt_capture_options options = { .size = sizeof(options),
						     .dialect = HPT_DIALECT_KVM_LE,
						     .order = order };

	return hpt_capture_open_memory(NULL, 0, &options, out, err);
}

static int begin_decoding(struct feed *feed, struct hpt_error *err)
{
	struct hpt_decoder_options options = { .size = sizeof(options),
					       .order = feed->order,
					       .dialect = feed->watch->common.guest.dialect };
	int ret = 0;

	if (!options.dialect) {
		ret = hpt_stream_detect(feed->bytes, feed->have, feed->ended, feed->order,
					&options.dialect, err);
		/* More may be on its way that decides. */
		if (ret && !feed->ended && feed->have < BUFFER_BYTES)
			return 0;
		/* Of the two with big-endian headers one has an end marker, perhaps later. */
		if (!ret && options.dialect == HPT_DIALECT_KVM_BE && !feed->ended)
			options.dialect = HPT_DIALECT_QEMU;
		feed->found = true;
	}
	if (!ret)
		ret = hpt_decoder_init(&feed->decoder, &options, err);
	if (!ret)
		ret = open_empty(feed->order ? feed->order : HPT_STREAM_ORDER_MAX, &feed->now,
				 err);
	feed->decoding = !ret;
	return ret;
}

static int take_run(struct feed *feed, const struct hpt_run *run, struct hpt_error *err)
{
	const unsigned char *bytes = run->entries_be;
	uint64_t ptex = run->ptex;
	uint32_t n = run->n_valid;
	int ret = 0;

	while (n && !ret) {
		uint32_t part = n < PART_ENTRIES ? n : PART_ENTRIES;

		hpt_entries_from_bytes(bytes, part, feed->entries);
		ret = hpt_table_write(feed->now, ptex, part, feed->entries, err);
		bytes += (size_t)part * HPT_ENTRY_BYTES;
		ptex += part;
		n -= part;
	}
	feed->pending = true;
	return ret ? ret : hpt_table_clear(feed->now, ptex, run->n_invalid, err);
}

static int copy_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	return hpt_table_write(arg, ptex, n, entries, NULL);
}

/* The first pass says how large the table is: from here on it is one of that size. */
static int settle_order(struct feed *feed, struct hpt_error *err)
{
	struct hpt_stream_summary summary;
	struct hpt_table *table = NULL;
	int ret;

	if (feed->order)
		return 0;
	hpt_decoder_summary(&feed->decoder, &summary);
	if (!summary.order)
		return hpt_error_fill(
			err, HPT_ERR_ORDER, 0,
			"the order cannot be told from the first pass (--order can "
			"say it)");
	ret = open_empty(summary.order, &table, err);
	if (ret)
		return ret;
	ret = hpt_table_each(feed->now, 0, UINT64_C(1) << (summary.order - HPT_ENTRY_SHIFT),
			     copy_run, table, err);
	if (ret) {
		hpt_table_close(table);
		return ret;
	}
	hpt_table_close(feed->now);
	feed->now = table;
	feed->order = summary.order;
	return 0;
}

/* Show what came, and take it for what was. An exit status, or 0. */
static int look(struct feed *feed)
{
	struct hpt_error err;
	int ret;

	if (!feed->pending)
		return 0;
	if (settle_order(feed, &err))
		return fail(feed, &err);
	ret = watch_look(feed->watch, feed->last, feed->now);
	if (ret)
		return ret;
	if (!feed->last && open_empty(feed->order, &feed->last, &err))
		return fail(feed, &err);
	if (hpt_table_copy(feed->last, feed->now, NULL, &err))
		return fail(feed, &err);
	feed->pending = false;
	return 0;
}

static int take_event(struct feed *feed, enum hpt_event event, const struct hpt_run *run)
{
	struct hpt_error err;
	int ret = 0;

	if (event == HPT_EVENT_END)
		return look(feed);
	if (event != HPT_EVENT_RUN)
		return 0;
	if (run->pass != feed->pass)
		ret = look(feed);
	feed->pass = run->pass;
	if (ret || watch_is_over(feed->watch))
		return ret;
	return take_run(feed, run, &err) ? fail(feed, &err) : 0;
}

static int decode(struct feed *feed)
{
	const unsigned char *p = feed->bytes;
	enum hpt_event event = HPT_EVENT_RUN;
	struct hpt_error err;
	int ret = 0;

	if (!feed->decoding && begin_decoding(feed, &err))
		return fail(feed, &err);
	if (!feed->decoding)
		return 0;
	while (event != HPT_EVENT_MORE && !ret && !watch_is_over(feed->watch)) {
		struct hpt_run run;
		size_t used;

		if (hpt_decoder_next(&feed->decoder, p, feed->have, &used, &event, &run, &err))
			return fail(feed, &err);
		ret = take_event(feed, event, &run);
		p += used;
		feed->have -= used;
	}
	return ret;
}

static int receive(struct feed *feed)
{
	ssize_t n = read(feed->fd, feed->bytes + feed->have, BUFFER_BYTES - feed->have);

	if (n < 0 && errno == EINTR)
		return 0;
	if (n < 0) {
		complain("%s: %s", feed->name, strerror(errno));
		return EXIT_ERROR;
	}
	feed->have += (size_t)n;
	feed->ended = !n;
	return n || !feed->watch->follow ? decode(feed) : 0;
}

/* Is a first pass whole, as far as can be told before the next begins? */
static bool is_whole(const struct feed *feed)
{
	struct hpt_stream_summary summary;

	if (!feed->decoding)
		return false;
	hpt_decoder_summary(&feed->decoder, &summary);
	return feed->last || summary.order ||
	       (feed->order && summary.highest == UINT64_C(1)
							  << (feed->order - HPT_ENTRY_SHIFT));
}

/* The bytes ended: the last pass, and whether that was a place to end. */
static int finish(struct feed *feed)
{
	struct hpt_error err;
	int ret = look(feed);

	if (ret || watch_is_over(feed->watch))
		return ret;
	ret = hpt_decoder_finish(&feed->decoder, NULL, &err);
	if (!ret || (ret == HPT_ERR_TRUNCATED_END && feed->found))
		return 0;
	return fail(feed, &err);
}

static int follow(struct feed *feed)
{
	struct watch *watch = feed->watch;
	int ret = 0;

	while (!ret && !watch_is_over(watch)) {
		/* At its end a file is always ready: wait for time to pass. */
		int fd = feed->ended ? -1 : feed->fd;

		switch (watch_wait(watch, fd, watch->interval_ms)) {
		case AWAITED_END:
			return 0;
		case AWAITED_TIME:
			if (is_whole(feed))
				ret = look(feed);
			feed->ended = false;
			break;
		default:
			ret = receive(feed);
			if (!ret && feed->ended && !watch->follow)
				return feed->decoding ? finish(feed) : 0;
		}
	}
	return ret;
}

int watch_stream(struct watch *watch, int fd, const char *name)
{
	struct feed *feed = calloc(1, sizeof(*feed));
	int ret = EXIT_ERROR;

	watch->unit = "pass";
	if (feed)
		feed->bytes = malloc(BUFFER_BYTES);
	if (feed && feed->bytes) {
		feed->watch = watch;
		feed->name = name;
		feed->fd = fd;
		feed->order = watch->common.guest.order;
		ret = follow(feed);
		hpt_table_close(feed->now);
		hpt_table_close(feed->last);
		free(feed->bytes);
	} else {
		complain("no memory");
	}
	free(feed);
	return ret;
}
