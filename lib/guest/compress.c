/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Compressed sources, through libarchive: told by their first bytes, read forward only. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_LIBARCHIVE
#include <archive.h>
#include <archive_entry.h>
#endif

#include "internal.h"

#define RAW_BUFFER ((size_t)256 << 10)

struct format {
	const char *name;
	size_t len;
	const char *magic;
#ifdef HAVE_LIBARCHIVE
	int (*support)(struct archive *archive);
#define FORMAT(name, magic, filter) \
	{ name, sizeof(magic) - 1, magic, archive_read_support_filter_##filter }
#else
#define FORMAT(name, magic, filter) { name, sizeof(magic) - 1, magic }
#endif
};

static const struct format formats[] = {
	FORMAT("gzip", "\x1f\x8b\x08", gzip),
	FORMAT("xz", "\xfd" "7zXZ\0", xz),
	FORMAT("zstd", "\x28\xb5\x2f\xfd", zstd),
	FORMAT("bzip2", "BZh", bzip2),
	FORMAT("lz4", "\x04\x22\x4d\x18", lz4),
	FORMAT("lzip", "LZIP", lzip),
};

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

/*
 * Looked for here and not left to libarchive's bidding: a source that is not compressed never
 * reaches it, and a build without it can still say what would be needed.
 */
static const struct format *find_format(const struct guest_source *source)
{
	size_t i;

	for (i = 0; i < N_FORMATS; i++)
		if (source->magic_len >= formats[i].len &&
		    !memcmp(source->magic, formats[i].magic, formats[i].len))
			return &formats[i];
	return NULL;
}

#ifdef HAVE_LIBARCHIVE
/* libarchive only says that reading failed: keep why. */
static la_ssize_t feed(struct archive *archive, void *client, const void **buffer)
{
	struct guest_source *source = client;
	size_t got = 0;

	source->raw_failed = guest_raw_read(source, source->raw, RAW_BUFFER, &got,
					    &source->raw_error);
	if (source->raw_failed) {
		archive_set_error(archive, source->raw_error.os_errno, "cannot read");
		return -1;
	}
	*buffer = source->raw;
	return (la_ssize_t)got;
}

static int archive_failed(struct guest_source *source, struct hpt_error *err)
{
	const char *text = archive_error_string(source->archive);

	if (source->raw_failed) {
		if (err)
			*err = source->raw_error;
		return source->raw_failed;
	}
	return guest_fail_offset(err, source->raw_ended ? HPT_ERR_TRUNCATED : HPT_ERR_FORMAT,
				 source->raw_done, "cannot decompress (%s) near offset %llu: %s",
				 source->compression, (unsigned long long)source->raw_done,
				 text ? text : "unknown reason");
}

/*
 * A filter that libarchive would start another program for is left out: opening a file
 * starts none. Which those are, only an archive that takes them can say.
 */
static bool built_in(const struct format *format)
{
	struct archive *probe = archive_read_new();
	bool yes = probe && format->support(probe) == ARCHIVE_OK;

	if (probe)
		archive_read_free(probe);
	return yes;
}

/* The names of the filters, the outermost first. */
static void name_filters(struct guest_source *source)
{
	int i, n = archive_filter_count(source->archive);
	size_t len = 0;

	for (i = n - 1; i >= 0 && len < sizeof(source->compression); i--) {
		if (archive_filter_code(source->archive, i) == ARCHIVE_FILTER_NONE)
			continue;
		len += (size_t)snprintf(source->compression + len,
					sizeof(source->compression) - len, "%s%s",
					len ? "+" : "", archive_filter_name(source->archive, i));
	}
}

static int start(struct guest_source *source, struct hpt_error *err)
{
	struct archive_entry *entry;
	size_t i;
	int r;

	archive_read_support_format_raw(source->archive);
	archive_read_support_format_empty(source->archive);
	for (i = 0; i < N_FORMATS; i++)
		if (built_in(&formats[i]))
			formats[i].support(source->archive);
	if (archive_read_open(source->archive, source, NULL, feed, NULL) != ARCHIVE_OK)
		return archive_failed(source, err);
	r = archive_read_next_header(source->archive, &entry);
	if (r == ARCHIVE_EOF)
		source->head_whole = true;
	else if (r != ARCHIVE_OK)
		return archive_failed(source, err);
	name_filters(source);
	return 0;
}

int guest_decompress_open(struct guest_source *source, struct hpt_error *err)
{
	const struct format *format = find_format(source);

	if (!format)
		return 0;
	snprintf(source->compression, sizeof(source->compression), "%s", format->name);
	if (!built_in(format))
		return guest_fail(err, HPT_ERR_UNSUPPORTED,
				  "compressed with %s, which this libarchive cannot read by "
				  "itself", format->name);
	source->archive = archive_read_new();
	source->raw = malloc(RAW_BUFFER);
	if (!source->archive || !source->raw)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for decompression");
	return start(source, err);
}

int guest_decompress_read(struct guest_source *source, void *bytes, size_t len, size_t *got,
			  struct hpt_error *err)
{
	la_ssize_t n = archive_read_data(source->archive, bytes, len);

	if (n < 0)
		return archive_failed(source, err);
	*got = (size_t)n;
	return 0;
}

void guest_decompress_close(struct guest_source *source)
{
	if (source->archive)
		archive_read_free(source->archive);
	source->archive = NULL;
	free(source->raw);
	source->raw = NULL;
}
#else
int guest_decompress_open(struct guest_source *source, struct hpt_error *err)
{
	const struct format *format = find_format(source);

	if (!format)
		return 0;
	return guest_fail(err, HPT_ERR_UNSUPPORTED,
			  "compressed with %s: this build has no libarchive to read it",
			  format->name);
}

int guest_decompress_read(struct guest_source *source, void *bytes, size_t len, size_t *got,
			  struct hpt_error *err)
{
	(void)source;
	(void)bytes;
	(void)len;
	(void)got;
	return guest_fail(err, HPT_ERR_UNSUPPORTED, "built without libarchive");
}

void guest_decompress_close(struct guest_source *source)
{
	(void)source;
}
#endif
