/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A save image of libvirt (virsh save, managedsave, an external snapshot of memory): a header,
 * the domain's XML, and QEMU's stream, which may be compressed. Source: the format of libvirt's
 * src/qemu/qemu_saveimage.h.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define MAGIC "LibvirtQemudSave"
#define MAGIC_PART "LibvirtQemudPart"
#define MAGIC_LEN 16
#define HEADER ((size_t)92)
#define VERSION_AT 16
#define LENGTH_AT 20
#define RUNNING_AT 24
#define FORMAT_AT 28
/* 1: before there was compression; 3 was planned for "sparse", which is written as 2. */
#define VERSION_MAX 3
#define STREAM_MAGIC "QEVM"
#define STREAM_MAGIC_LEN 4

static const char *const formats[] = {
	"raw", "gzip", "bzip2", "xz", "lzop", "zstd", "sparse"
};

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

struct header {
	bool big_endian;
	uint32_t version;
	uint32_t length; /* of the XML, a cookie and room to spare */
	uint32_t running;
	uint32_t format;
};

bool guest_libvirt_is(const struct guest_source *source)
{
	return source->head_len >= MAGIC_LEN && (!memcmp(source->head, MAGIC, MAGIC_LEN) ||
						 !memcmp(source->head, MAGIC_PART, MAGIC_LEN));
}

static uint32_t load(const unsigned char *bytes, bool big_endian)
{
	if (big_endian)
		return (uint32_t)guest_load(bytes, 4);
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

/* The numbers are in the byte order of the host that saved, which the version shows. */
static int read_header(const unsigned char *bytes, struct header *h, struct hpt_error *err)
{
	h->version = load(bytes + VERSION_AT, false);
	h->big_endian = !h->version || h->version > VERSION_MAX;
	if (h->big_endian)
		h->version = load(bytes + VERSION_AT, true);
	if (!h->version || h->version > VERSION_MAX)
		return guest_fail_offset(err, HPT_ERR_UNSUPPORTED, VERSION_AT,
					 "offset %d: a libvirt save image of version 0x%x, "
					 "expected 1 to %d in either byte order",
					 VERSION_AT, h->version, VERSION_MAX);
	h->length = load(bytes + LENGTH_AT, h->big_endian);
	h->running = load(bytes + RUNNING_AT, h->big_endian);
	h->format = h->version > 1 ? load(bytes + FORMAT_AT, h->big_endian) : 0;
	if (h->length > GUEST_XML_MAX)
		return guest_fail_offset(err, HPT_ERR_FORMAT, LENGTH_AT,
					 "offset %d: %u bytes of XML in a libvirt save image, "
					 "expected at most %zu",
					 LENGTH_AT, h->length, GUEST_XML_MAX);
	if (h->format >= N_FORMATS)
		return guest_fail_offset(
			err, HPT_ERR_UNSUPPORTED, FORMAT_AT,
			"offset %d: a libvirt save image of format %u, expected "
			"0 (raw) to %zu (%s)",
			FORMAT_AT, h->format, N_FORMATS - 1, formats[N_FORMATS - 1]);
	return 0;
}

/* @what may have fewer bytes than its header says: memory follows those that are there. */
static int need(struct guest_source *source, size_t n, const char *what, struct hpt_error *err)
{
	size_t have;
	int r = 0;

	/* In steps, since as many bytes are allocated as are asked for. */
	for (have = source->head_len; !r && have < n; have = source->head_len) {
		r = guest_source_peek(source, n - have > have ? have * 2 : n, err);
		if (!r && source->head_len == have)
			return guest_fail_offset(
				err, HPT_ERR_TRUNCATED, have,
				"the input ends at offset %zu in %s of a libvirt "
				"save image: %zu bytes expected",
				have, what, n);
	}
	return r;
}

/* What stands behind the XML's NUL is libvirt's own, and room to spare. */
static int take_xml(struct hpt_guest *guest, const struct header *h, struct hpt_error *err)
{
	const char *xml = (const char *)guest->source.head + HEADER;
	size_t len = strnlen(xml, h->length);

	if (!len)
		return 0;
	guest->container.xml = malloc(len + 1);
	if (!guest->container.xml)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a domain's XML");
	memcpy(guest->container.xml, xml, len);
	guest->container.xml[len] = '\0';
	guest->container.xml_len = len;
	return 0;
}

static void describe(struct guest_container *container, const struct header *h)
{
	container->name = "libvirt";
	snprintf(container->details, sizeof(container->details),
		 "version %u, %s-endian, format %s, the guest was %s", h->version,
		 h->big_endian ? "big" : "little", formats[h->format],
		 h->running ? "running" : "paused");
}

/* Behind the header must be QEMU's stream: bytes that look like something else are not it. */
static int check_stream(struct guest_source *source, const struct header *h,
			struct hpt_error *err)
{
	int r = guest_source_peek(source, GUEST_MAGIC_MAX, err);

	if (r)
		return r;
	if (source->head_len < STREAM_MAGIC_LEN)
		return guest_fail_offset(err, HPT_ERR_TRUNCATED, source->base,
					 "the input ends at offset %llu, where a libvirt save "
					 "image has QEMU's stream",
					 (unsigned long long)source->base);
	if (!memcmp(source->head, STREAM_MAGIC, STREAM_MAGIC_LEN))
		return 0;
	return guest_fail_offset(
		err, HPT_ERR_FORMAT, source->base,
		"offset %llu: no migration stream (\"QEVM\") in a libvirt save "
		"image of format %s%s",
		(unsigned long long)source->base, formats[h->format],
		source->archive && h->format && source->base
			? ": if the image is compressed once more as a whole, "
			  "decompress that first"
			: "");
}

int guest_libvirt_open(struct hpt_guest *guest, struct hpt_error *err)
{
	struct guest_source *source = &guest->source;
	struct header h = { .format = 0 };
	int r;

	if (!memcmp(source->head, MAGIC_PART, MAGIC_LEN))
		return guest_fail_offset(err, HPT_ERR_TRUNCATED, 0,
					 "a libvirt save image that was never finished "
					 "(\"" MAGIC_PART "\"): libvirt was interrupted, and "
					 "what is there of the guest cannot be relied on");
	r = need(source, HEADER, "the header", err);
	if (!r)
		r = read_header(source->head, &h, err);
	if (!r)
		r = need(source, HEADER + h.length, "the XML", err);
	if (!r)
		r = take_xml(guest, &h, err);
	if (!r)
		r = guest_source_strip(source, HEADER + h.length, err);
	if (!r)
		r = check_stream(source, &h, err);
	if (r)
		return r;
	describe(&guest->container, &h);
	guest->kind = HPT_SOURCE_QEMU;
	return 0;
}
