/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TEST_GUEST_SAVED_H
#define TEST_GUEST_SAVED_H

/* Saved guests made of text, and opened. Include after cmocka.h. */

#include <stdio.h>
#include <unistd.h>

#include <hpt/guest.h>

#include "qemu_streams.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static inline void bytes_append(struct bytes *b, const char *text)
{
	struct bytes more = bytes_of(text);

	bytes_fill(b, more.len, 0);
	memcpy(b->data + b->len - more.len, more.data, more.len);
	bytes_free(&more);
}

static inline void bytes_add(struct bytes *b, const struct bytes *more)
{
	bytes_fill(b, more->len, 0);
	if (more->len)
		memcpy(b->data + b->len - more->len, more->data, more->len);
}

/* A description behind a stream, with ' for JSON's quotes. */
static inline void describe(struct bytes *b, const char *json)
{
	size_t i, len = strlen(json);

	bytes_put(b, 6, 1, 0);
	bytes_put(b, len, 4, 0);
	for (i = 0; i < len; i++)
		bytes_put(b, json[i] == '\'' ? '"' : (unsigned char)json[i], 1, 0);
}

/* From a file, or, when @piped, from what can only be read forward. */
static inline int open_saved(const struct bytes *b, uint32_t flags, bool piped,
			     struct hpt_guest **out, struct hpt_error *err)
{
	struct hpt_guest_options options = { .size = sizeof(options), .flags = flags };
	FILE *file = tmpfile();
	int ends[2], fd, r;
	pid_t child;

	assert_non_null(file);
	assert_int_equal(fwrite(b->data, 1, b->len, file), b->len);
	assert_int_equal(fflush(file), 0);
	rewind(file);
	fd = dup(fileno(file));
	if (piped) {
		assert_int_equal(pipe(ends), 0);
		child = fork();
		if (!child) {
			size_t done = 0;
			ssize_t n = 1;

			close(ends[0]);
			for (; done < b->len && n > 0; done += (size_t)n)
				n = write(ends[1], b->data + done, b->len - done);
			_exit(0);
		}
		close(ends[1]);
		close(fd);
		fd = ends[0];
	}
	r = hpt_guest_open_fd(fd, "SOURCE", &options, out, err);
	/* The handle reads the descriptor until it is closed: one stays open. */
	fclose(file);
	if (r)
		close(fd);
	return r;
}

static inline struct hpt_guest *must_open_saved(const struct bytes *b, uint32_t flags,
						bool piped)
{
	struct hpt_guest *guest = NULL;
	struct hpt_error err;

	if (open_saved(b, flags, piped, &guest, &err))
		fail_msg("%s", err.text);
	return guest;
}

static inline bool has_feature(const char *what)
{
	size_t i;

	for (i = 0; hpt_guest_feature(i); i++)
		if (!strncmp(hpt_guest_feature(i), what, strlen(what)))
			return !strstr(hpt_guest_feature(i), ": no (");
	fail_msg("no line on %s", what);
	return false;
}

static inline bool has_warning(const struct hpt_guest *guest, const char *says)
{
	size_t i;

	for (i = 0; hpt_guest_warning(guest, i); i++)
		if (strstr(hpt_guest_warning(guest, i), says))
			return true;
	return false;
}

#endif /* TEST_GUEST_SAVED_H */
