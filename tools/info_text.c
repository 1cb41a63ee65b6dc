/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "info.h"

/* "hpt info" for people: a label and what is known, a line each. */

#include <string.h>
#include <time.h>

#define LABEL_WIDTH 13

static void put_label(struct output *out, const char *label)
{
	put_style(out, STYLE_BOLD);
	put_left(out, label, LABEL_WIDTH);
	put_style(out, STYLE_NONE);
}

static void put_line(struct output *out, const char *label, const char *text)
{
	put_label(out, label);
	put_safe(out, text);
	put_char(out, '\n');
}

/* 16 MiB (16777216 bytes) */
static void put_bytes_of(struct output *out, uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB" };
	uint64_t whole = bytes;
	uint64_t tenths = 0;
	unsigned unit = 0;

	while (whole >= 1024 && unit < 5) {
		tenths = whole % 1024 * 10 / 1024;
		whole /= 1024;
		unit++;
	}
	put_number(out, whole);
	if (tenths) {
		put_char(out, '.');
		put_number(out, tenths);
	}
	put_char(out, ' ');
	put_text(out, units[unit]);
	if (unit) {
		put_text(out, " (");
		put_number(out, bytes);
		put_text(out, " bytes)");
	}
}

static const char *kind_words(const struct info *info)
{
	switch (info->known.kind) {
	case HPT_SOURCE_QEMU:
		return "qemu: a guest saved by QEMU (migration stream)";
	case HPT_SOURCE_STREAM:
		return "kvm-stream: a captured HTAB stream";
	case HPT_SOURCE_IMAGE:
		return "image: a flat table";
	case HPT_SOURCE_CORE:
		return "core: an ELF core of a guest";
	case HPT_SOURCE_LISTING:
		return "kvm-debugfs: KVM's own listing of a guest's table";
	case HPT_SOURCE_KDUMP:
		return "kdump: a guest's memory, compressed by makedumpfile's format";
	default:
		return info->guest ? "unknown" : "ram: the memory of a bare machine";
	}
}

const char *mmu_name(enum hpt_guest_mmu mmu)
{
	switch (mmu) {
	case HPT_GUEST_MMU_HASH:
		return "hash";
	case HPT_GUEST_MMU_RADIX:
		return "radix";
	case HPT_GUEST_MMU_OWN:
		return "own";
	default:
		return "unknown";
	}
}

static const char *mmu_words(enum hpt_guest_mmu mmu)
{
	switch (mmu) {
	case HPT_GUEST_MMU_HASH:
		return "hash: a table that the hypervisor holds";
	case HPT_GUEST_MMU_RADIX:
		return "radix (or not chosen yet when it was saved)";
	case HPT_GUEST_MMU_OWN:
		return "own: a bare machine, its tables are in its memory";
	default:
		return "not said by this source";
	}
}

/* libvirt: version 2, ... */
static void put_container(struct output *out, const struct hpt_guest_info *known)
{
	if (!*known->container)
		return;
	put_label(out, "container");
	put_safe(out, known->container);
	put_text(out, ": ");
	put_safe(out, known->container_details);
	put_char(out, '\n');
}

/* NAME (id 1): 2026-11-22 17:00:00 UTC, 12 MiB (12582912 bytes) of a guest */
static void put_snapshots(struct output *out, const struct info *info)
{
	struct hpt_guest_snapshot snapshot = { .size = sizeof(snapshot) };

	for (size_t i = 0; !hpt_guest_snapshot(info->guest, i, &snapshot, NULL); i++) {
		time_t date = (time_t)snapshot.date_sec;
		char text[32] = "";
		struct tm tm;

		put_label(out, i ? "" : "snapshots");
		put_safe(out, snapshot.name);
		put_text(out, " (id ");
		put_safe(out, snapshot.id);
		put_text(out, "): ");
		if (gmtime_r(&date, &tm))
			(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC, ", &tm);
		put_text(out, text);
		if (snapshot.state_bytes)
			put_bytes_of(out, snapshot.state_bytes);
		put_text(out, snapshot.state_bytes ? " of a guest" : "of the disk only");
		put_text(out, snapshot.opened ? ", this one\n" : "\n");
	}
}

static void put_source(struct output *out, const struct info *info)
{
	const struct hpt_guest_info *known = &info->known;
	const char *dialect = hpt_dialect_name(known->dialect);

	put_line(out, "source", strcmp(info->name, "-") ? info->name : "standard input");
	put_line(out, "kind", kind_words(info));
	if (dialect && known->dialect)
		put_line(out, "dialect", dialect);
	if (*known->compression)
		put_line(out, "compression", known->compression);
	put_container(out, known);
	if (info->guest)
		put_snapshots(out, info);
	if (known->file_bytes) {
		put_label(out, "file size");
		put_bytes_of(out, known->file_bytes);
		put_char(out, '\n');
	}
}

static void put_guest(struct output *out, const struct info *info)
{
	const struct hpt_guest_info *known = &info->known;

	if (known->kind != HPT_SOURCE_QEMU && known->kind != HPT_SOURCE_CORE)
		return;
	/* A disk image of which no snapshot was opened. */
	if (info->no_table && !*known->machine && !known->ram_blocks)
		return;
	put_line(out, "machine", *known->machine ? known->machine : "not said");
	put_line(out, "run state", *known->run_state ? known->run_state : "not known");
	put_label(out, "vCPUs");
	if (known->vcpus == HPT_GUEST_VCPUS_UNKNOWN)
		put_text(out, "not known");
	else
		put_number(out, known->vcpus);
	put_char(out, '\n');
	put_line(out, "translation", mmu_words(known->mmu));
}

static void put_memory(struct output *out, const struct info *info)
{
	struct hpt_guest_block block = { .size = sizeof(block) };

	if (!info->known.ram_blocks)
		return;
	put_label(out, "RAM");
	put_bytes_of(out, info->known.ram_bytes);
	put_char(out, '\n');
	for (size_t i = 0; !hpt_guest_block(info->guest, i, &block, NULL); i++) {
		put_label(out, "");
		put_safe(out, block.name);
		put_text(out, ": ");
		put_bytes_of(out, block.length);
		put_char(out, '\n');
	}
}

static void put_valid(struct output *out, const struct info *info)
{
	char buffer[TEXT_MAX];

	put_label(out, "valid");
	put_number(out, info->valid);
	put_text(out, " entries, ");
	put_text(out, text_percent(buffer, info->valid, info->slots));
	put_text(out, " of the slots\n");
}

static void put_table(struct output *out, const struct info *info)
{
	const struct hpt_guest_info *known = &info->known;

	put_label(out, "table");
	if (info->no_table) {
		put_style(out, STYLE_YELLOW);
		put_text(out, "no hashed page table: ");
		put_safe(out, info->no_table);
		put_style(out, STYLE_NONE);
		put_char(out, '\n');
		return;
	}
	put_text(out, "order ");
	put_number(out, known->order);
	if (known->order_guessed)
		put_text(out, known->kind == HPT_SOURCE_LISTING ? " at least" : " (guessed)");
	put_text(out, ": ");
	put_bytes_of(out, info->slots * HPT_ENTRY_BYTES);
	put_char(out, '\n');
	put_label(out, "slots");
	put_number(out, info->slots);
	put_text(out, " in ");
	put_number(out, info->slots / HPT_PTEG_ENTRIES);
	put_text(out, " PTEGs\n");
	put_valid(out, info);
	if (!known->chunks)
		return;
	put_label(out, "stream");
	put_number(out, known->chunks);
	put_text(out, known->chunks == 1 ? " chunk in " : " chunks in ");
	put_number(out, known->rounds);
	put_text(out, known->rounds == 1 ? " pass\n" : " passes\n");
}

void info_text(struct output *out, const struct info *info)
{
	const char *warning;

	put_source(out, info);
	put_guest(out, info);
	put_memory(out, info);
	put_table(out, info);
	for (size_t i = 0; info->guest && (warning = hpt_guest_warning(info->guest, i)); i++) {
		put_style(out, STYLE_YELLOW);
		put_left(out, "warning", LABEL_WIDTH);
		put_style(out, STYLE_NONE);
		put_safe(out, warning);
		put_char(out, '\n');
	}
}
