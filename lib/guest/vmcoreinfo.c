/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A Linux kernel's VMCOREINFO, an ELF note that it has ready in its memory from its boot on. Source:
 * Linux 6.1 kernel/crash_core.c.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>

#include "core.h"

/* What is searched: a piece, and behind it what a note may need to begin in the next. */
#define PIECE ((size_t)64 << 10)
#define TAIL 32
#define HEADER 12
#define NAME "VMCOREINFO"
#define NAME_LEN sizeof(NAME) /* with its NUL */
#define TEXT_AT 24            /* from the note's start: header, name, two bytes that align */
#define FIRST_LINE "OSRELEASE="
/* The kernel gives the text one of its pages, 64 KiB at most. */
#define TEXT_MAX ((size_t)64 << 10)
/* A guest full of names that lead nowhere is not searched for ever. */
#define TRIES_MAX 4096

struct search {
	struct hpt_guest *guest;
	unsigned int tries;
};

/* Lines, and nothing behind them but zeros. */
static size_t text_length(const char *text, size_t len)
{
	size_t i;

	while (len && !text[len - 1])
		len--;
	for (i = 0; i < len; i++)
		if ((text[i] < 0x20 || text[i] > 0x7e) && text[i] != '\n')
			return 0;
	return len;
}

/* The note whose name was found 12 bytes behind @ra, if it is one. Not one: 0 all the same. */
static int take_note(struct hpt_guest *guest, uint64_t ra, const unsigned char *header,
		     struct hpt_error *err)
{
	bool little = core_get(header, 4, true) == NAME_LEN;
	uint64_t len = core_get(header + 4, 4, little);
	char *text;

	if (core_get(header, 4, little) != NAME_LEN || core_get(header + 8, 4, little) ||
	    len < sizeof(FIRST_LINE) || len > TEXT_MAX)
		return 0;
	text = malloc((size_t)len);
	if (!text)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for VMCOREINFO");
	if (!hpt_guest_read(guest, ra + TEXT_AT, (size_t)len, text, NULL) &&
	    !memcmp(text, FIRST_LINE, strlen(FIRST_LINE)))
		guest->vmcoreinfo_len = text_length(text, (size_t)len);
	if (!guest->vmcoreinfo_len) {
		free(text);
		return 0;
	}
	guest->vmcoreinfo = text;
	guest->vmcoreinfo_ra = ra;
	guest->vmcoreinfo_little = little;
	return 0;
}

static int search_piece(struct search *search, uint64_t ra, const unsigned char *bytes,
			size_t len, struct hpt_error *err)
{
	const unsigned char *from = bytes, *found;
	int r = 0;

	while (!r && !search->guest->vmcoreinfo && search->tries < TRIES_MAX) {
		found = memmem(from, len - (size_t)(from - bytes), NAME, NAME_LEN);
		if (!found)
			break;
		if (found - bytes >= HEADER)
			r = take_note(search->guest, ra + (size_t)(found - bytes) - HEADER,
				      found - HEADER, err);
		search->tries++;
		from = found + 1;
	}
	return r;
}

/* @buffer holds the last TAIL bytes of the piece before, then the piece. */
static int search_region(struct search *search, const struct guest_region *region,
			 unsigned char *buffer, struct hpt_error *err)
{
	struct hpt_guest *guest = search->guest;
	uint64_t done, left;
	size_t n, kept = 0;
	int r = 0;

	for (done = 0; !r && !guest->vmcoreinfo && done < region->length; done += n) {
		left = region->length - done;
		n = left < PIECE ? (size_t)left : PIECE;
		r = hpt_guest_read(guest, region->ra + done, n, buffer + kept, err);
		if (!r)
			r = search_piece(search, region->ra + done - kept, buffer, kept + n,
					 err);
		if (r || n < TAIL)
			break;
		memmove(buffer, buffer + kept + n - TAIL, TAIL);
		kept = TAIL;
	}
	return r;
}

static int find(struct hpt_guest *guest, struct hpt_error *err)
{
	struct search search = { guest, 0 };
	const struct hpt_memory_ops *ops;
	unsigned char *buffer;
	void *ctx;
	size_t i;
	int r = hpt_guest_memory(guest, &ops, &ctx, err);

	if (r)
		return r;
	buffer = malloc(PIECE + TAIL);
	if (!buffer)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for VMCOREINFO");
	for (i = 0; !r && !guest->vmcoreinfo && i < guest->state.n_regions; i++)
		r = search_region(&search, &guest->state.regions[i], buffer, err);
	free(buffer);
	return r;
}

int hpt_guest_vmcoreinfo(struct hpt_guest *guest, struct hpt_vmcoreinfo *out,
			 struct hpt_error *err)
{
	struct hpt_vmcoreinfo known = { .size = sizeof(known) };
	int r = 0;

	if (!guest || !out)
		return guest_fail(err, HPT_ERR_ARGUMENT, "hpt_guest_vmcoreinfo: a NULL");
	if (!guest->vmcoreinfo && !guest->no_vmcoreinfo)
		r = find(guest, err);
	if (r)
		return r;
	guest->no_vmcoreinfo = !guest->vmcoreinfo;
	if (!guest->vmcoreinfo)
		return guest_fail(err, HPT_ERR_FORMAT,
				  "no VMCOREINFO note in the guest's memory: no Linux, or it "
				  "had not come so far");
	known.ra = guest->vmcoreinfo_ra;
	known.little_endian = guest->vmcoreinfo_little;
	known.text = guest->vmcoreinfo;
	known.len = guest->vmcoreinfo_len;
	return guest_result_out(out, &known, sizeof(known), "hpt_vmcoreinfo", err);
}
