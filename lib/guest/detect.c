/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What is it? Found out by looking at the first bytes, and at the entries of an image. */
#include <string.h>

#include <hpt/debugfs.h>

#include "internal.h"

#define QEMU_MAGIC "QEVM"
#define ELF_MAGIC "\177ELF"

/* "---[ name ]---", or "0xc000000000000000:" and a tab, "AVPN:" */
static bool is_kernel_listing(const struct guest_source *source)
{
	static const char marker[] = "---[ ", field[] = ":\tAVPN:";
	const char *text = (const char *)source->head;
	size_t len = source->head_len, n;

	if (len >= strlen(marker) && !memcmp(text, marker, strlen(marker)))
		return true;
	if (len < 2 || memcmp(text, "0x", 2))
		return false;
	for (n = 2; n < len && strchr("0123456789abcdef", text[n]) && text[n]; n++)
		;
	return n + strlen(field) <= len && !memcmp(text + n, field, strlen(field));
}

static int refuse_other(const struct guest_source *source, struct hpt_error *err)
{
	if (is_kernel_listing(source))
		return guest_fail_offset(err, HPT_ERR_UNSUPPORTED, 0,
					 "this is a kernel's listing of its own mappings "
					 "(kernel_hash_pagetable), which has neither slots nor "
					 "whole entries: no table can be made of it");
	return 0;
}

static int empty(struct hpt_error *err)
{
	return guest_fail_offset(err, HPT_ERR_FORMAT, 0,
				 "empty. An HTAB stream of a pass in which nothing changed is "
				 "empty too: if this is one, say so, by kind (kvm-stream), "
				 "dialect and order");
}

/* An image, by all of its entries (a plain file) or by those of its head. */
static int look_for_image(struct hpt_guest *guest, bool *yes, struct hpt_error *err)
{
	struct guest_source *source = &guest->source;
	struct guest_votes votes = { 0, 0, 0 };
	unsigned int order = 0;
	int r = 0;

	if (guest_source_plain(source))
		order = guest_image_order(source->size);
	else if (source->head_whole)
		order = guest_image_order(source->head_len);
	*yes = false;
	if (!order && (guest_source_plain(source) || source->head_whole))
		return 0;
	if (guest_source_plain(source))
		r = guest_image_look_file(source, order, &votes, err);
	else
		guest_image_look(source->head, source->head_len / HPT_ENTRY_BYTES, 0, order,
				 &votes);
	if (r)
		return r;
	*yes = guest_image_likely(&votes) || guest_image_blank(&votes);
	if (guest_image_blank(&votes))
		guest_warn(guest, "every byte that was looked at is zero: taken for an image in "
			   "which no entry is valid");
	return 0;
}

/*
 * A few bytes of anything pass for the beginning of a chunk: what is not even one is no
 * stream, and not a truncated one either.
 */
static bool has_chunk(const struct guest_source *source, enum hpt_dialect dialect)
{
	struct hpt_decoder_options options = { .size = sizeof(options), .dialect = dialect };
	enum hpt_event event;
	struct hpt_decoder decoder;
	struct hpt_run run;
	size_t used;

	return !source->head_whole ||
	       (!hpt_decoder_init(&decoder, &options, NULL) &&
		!hpt_decoder_next(&decoder, source->head, source->head_len, &used, &event, &run,
				  NULL) &&
		event != HPT_EVENT_MORE);
}

/*
 * A stream has no magic: it is one when its chunks decode. That is the weakest test, so it
 * comes last, and its reason is what is said when nothing fits.
 */
static int look_for_stream(struct hpt_guest *guest, struct hpt_error *err)
{
	struct guest_source *source = &guest->source;
	enum hpt_dialect dialect;
	struct hpt_error why;
	unsigned int order = guest->options.order;
	int r;

	if (order > HPT_STREAM_ORDER_MAX)
		order = 0;
	r = hpt_stream_detect(source->head, source->head_len, source->head_whole, order,
			      &dialect, &why);
	if (!r && has_chunk(source, dialect)) {
		guest->kind = HPT_SOURCE_STREAM;
		return 0;
	}
	if (!r)
		hpt_error_fill(&why, HPT_ERR_FORMAT, 0, "it ends inside its first chunk");
	else if (r != HPT_ERR_FORMAT) {
		if (err)
			*err = why;
		return r;
	}
	return guest_fail_offset(err, HPT_ERR_FORMAT, why.offset,
				 "not a saved guest (no \"QEVM\" at its start), not a listing "
				 "of KVM's, not an image (%s), not a stream: %.150s",
				 guest_source_plain(source) && !guest_image_order(source->size)
					 ? "its size is no power of two from 2^18 to 2^46"
					 : "what would be valid entries do not look like it",
				 why.text);
}

/* Is nothing left to be looked for? A saved guest may be in a container, also if that is said. */
static bool is_told(const struct hpt_guest *guest)
{
	return guest->kind && guest->kind != HPT_SOURCE_QEMU &&
	       guest->kind != HPT_SOURCE_KDUMP && !guest->options.snapshot;
}

/* What was said of a source must be true of it where its first bytes show that. */
static int check_told(const struct hpt_guest *guest, struct hpt_error *err)
{
	if (guest->options.snapshot && !guest_qcow2_is(&guest->source))
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "a snapshot was named, and this is no qcow2 disk image");
	if (guest->kind == HPT_SOURCE_KDUMP && !guest_kdump_is(&guest->source))
		return guest_fail_offset(err, HPT_ERR_FORMAT, 0,
					 "not a kdump file (no \"KDUMP\", no \"makedumpfile\" "
					 "at its start)");
	return 0;
}

/*
 * From the strongest sign to the weakest: a magic, then entries that stand where their hash
 * wants them, then chunks that decode.
 */
int guest_detect(struct hpt_guest *guest, struct hpt_error *err)
{
	struct guest_source *source = &guest->source;
	bool image;
	int r;

	guest->kind = guest->options.kind;
	if (is_told(guest))
		return 0;
	r = guest_source_peek(source, GUEST_MAGIC_MAX, err);
	if (!r)
		r = check_told(guest, err);
	if (r)
		return r;
	if (guest_libvirt_is(source))
		return guest_libvirt_open(guest, err);
	if (guest_qcow2_is(source))
		return guest_qcow2_open(guest, err);
	if (guest->kind)
		return 0;
	if (!source->head_len)
		return empty(err);
	if (source->head_len >= 4 && !memcmp(source->head, QEMU_MAGIC, 4)) {
		guest->kind = HPT_SOURCE_QEMU;
		return 0;
	}
	if (source->head_len >= 4 && !memcmp(source->head, ELF_MAGIC, 4)) {
		guest->kind = HPT_SOURCE_CORE;
		return 0;
	}
	if (guest_kdump_is(source)) {
		guest->kind = HPT_SOURCE_KDUMP;
		return 0;
	}
	if (hpt_debugfs_detect(source->head, source->head_len)) {
		guest->kind = HPT_SOURCE_LISTING;
		return 0;
	}
	r = refuse_other(source, err);
	if (!r)
		r = guest_source_peek(source, GUEST_HEAD_MAX, err);
	if (!r)
		r = look_for_image(guest, &image, err);
	if (r)
		return r;
	if (!image)
		return look_for_stream(guest, err);
	guest->kind = HPT_SOURCE_IMAGE;
	return 0;
}
