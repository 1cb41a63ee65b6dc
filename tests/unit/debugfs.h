/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TEST_DEBUGFS_H
#define TEST_DEBUGFS_H

/* What the tests of KVM's listing share. */

#include <errno.h>

#include "unit.h"

static inline int open_text(const char *text, size_t len, uint32_t flags, uint32_t order,
			    struct hpt_table **out, struct hpt_error *err)
{
	const struct hpt_debugfs_options o = { sizeof(o), flags, order };
	char *copy = malloc(len ? len : 1); /* so that nothing behind it can be read */
	int ret;

	assert_non_null(copy);
	memcpy(copy, text, len);
	*out = NULL;
	unit_poison(err);
	ret = hpt_debugfs_open_memory(copy, len, flags || order ? &o : NULL, out, err);
	free(copy);
	if (ret)
		assert_null(*out);
	else
		unit_ok(ret, err);
	return ret;
}

static inline struct hpt_table *open_good(const char *text, uint32_t flags, uint32_t order)
{
	struct hpt_table *table;
	struct hpt_error err;

	if (open_text(text, strlen(text), flags, order, &table, &err))
		fail_msg("%s: %s", text, err.text);
	return table;
}

static inline struct hpt_debugfs_info info_of(const struct hpt_table *table)
{
	struct hpt_debugfs_info info = { .size = sizeof(info) };
	struct hpt_error err;

	unit_poison(&err);
	unit_ok(hpt_debugfs_info(table, &info, &err), &err);
	return info;
}

static inline struct hpt_debugfs_slot slot_of(const struct hpt_table *table, uint64_t ptex)
{
	struct hpt_debugfs_slot slot = { .size = sizeof(slot) };
	struct hpt_error err;

	unit_poison(&err);
	unit_ok(hpt_debugfs_slot(table, ptex, &slot, &err), &err);
	return slot;
}

static inline struct hpt_entry entry_of(const struct hpt_table *table, uint64_t ptex)
{
	struct hpt_entry entry;
	struct hpt_error err;

	unit_poison(&err);
	unit_ok(hpt_table_read(table, ptex, 1, &entry, &err), &err);
	return entry;
}

static inline void same_words(struct hpt_entry found, uint64_t v, uint64_t r)
{
	assert_int_equal(found.v, v);
	assert_int_equal(found.r, r);
}

struct drip {
	const char *bytes;
	size_t len, at, step;
	size_t fail_at;
};

static inline int drip(void *ctx, void *bytes, size_t len, size_t *got, struct hpt_error *err)
{
	struct drip *d = ctx;
	size_t n = d->len - d->at;

	if (d->fail_at && d->at >= d->fail_at)
		return hpt_error_fill(err, HPT_ERR_SYSTEM, EIO, "the source broke");
	n = n < len ? n : len;
	n = n < d->step ? n : d->step;
	memcpy(bytes, d->bytes + d->at, n);
	d->at += n;
	*got = n;
	return 0;
}

static const struct hpt_reader_ops drip_ops = { sizeof(drip_ops), drip };

#endif /* TEST_DEBUGFS_H */
