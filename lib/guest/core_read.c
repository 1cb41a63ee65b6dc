/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * An ELF core as a source: of hpt_guest_write_core(), whose notes make it what it was made of; or
 * of QEMU's dump-guest-memory, a kernel or makedumpfile, which has memory and registers alone.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core.h"

static void free_blocks(struct guest_core *core)
{
	size_t i;

	for (i = 0; i < core->n_blocks; i++)
		free(core->blocks[i].name);
	free(core->blocks);
	core->blocks = NULL;
	core->n_blocks = 0;
}

void guest_core_close(struct guest_core *core)
{
	if (!core)
		return;
	free_blocks(core);
	free(core->words);
	free(core->regions);
	free(core->at);
	free(core);
}

#ifdef HAVE_LIBELF
#include <errno.h>
#include <libelf.h>

/* A part of RAM, and where it is. */
struct part {
	struct guest_region region;
	uint64_t at;
	size_t i; /* of its segment */
};

struct parts {
	struct part *part;
	size_t n;
	uint64_t absent; /* bytes of memory that the core names and does not have */
	bool cut;
};

/* How large it is: where it lies as it is, or in the temporary file. */
static int find_size(struct hpt_guest *guest, struct hpt_error *err)
{
	struct stat st;

	guest->core->elf.size = guest->source.size;
	if (guest->spool < 0)
		return 0;
	if (fstat(guest->spool, &st))
		return guest_fail_errno(err, errno, "cannot look at a temporary file");
	guest->core->elf.size = (uint64_t)st.st_size;
	return 0;
}

/* @what, of @bytes at @at, lies in the file? */
static int check_inside(const struct guest_core *core, const char *what, uint64_t at,
			uint64_t bytes, struct hpt_error *err)
{
	if (at <= core->elf.size && bytes <= core->elf.size - at)
		return 0;
	return guest_fail_offset(err, HPT_ERR_TRUNCATED, at,
				 "ELF core: %s of %llu bytes at offset %llu of a file of %llu "
				 "bytes",
				 what, (unsigned long long)bytes, (unsigned long long)at,
				 (unsigned long long)core->elf.size);
}

/*
 * Segments of notes may overlap, which none needs: all together they are at most as long as the
 * file, so that nobody goes through the same bytes for ever.
 */
static int take_notes(struct hpt_guest *guest, const struct core_segment *segment,
		      struct hpt_error *err)
{
	struct guest_core *core = guest->core;
	uint64_t at = segment->at, end = segment->at + segment->filesz;
	struct core_note note;
	int r = check_inside(core, "notes", segment->at, segment->filesz, err);

	if (r)
		return r;
	if (segment->filesz > core->elf.size - core->noted)
		return guest_fail_offset(err, HPT_ERR_FORMAT, segment->at,
					 "ELF core: offset %llu: segments of notes overlap",
					 (unsigned long long)segment->at);
	core->noted += segment->filesz;
	while (!r && at < end) {
		r = core_elf_note(guest, &core->elf, at, end, &note, err);
		if (!r)
			r = core_take_note(guest, &note, err);
		at = note.next;
	}
	return r;
}

static int take_segments(struct hpt_guest *guest, struct hpt_error *err)
{
	struct guest_core *core = guest->core;
	struct core_segment segment;
	size_t i;
	int r = 0;

	for (i = 0; !r && i < core->elf.n; i++) {
		r = core_elf_segment(guest, &core->elf, i, &segment, err);
		if (!r && segment.type == PT_NOTE)
			r = take_notes(guest, &segment, err);
		if (!r && segment.type == HPT_CORE_PT_TABLE) {
			core->table_at = segment.at;
			core->table_bytes = segment.filesz;
		}
	}
	return r;
}

/* What of a segment is in the file becomes a part; the rest is counted. */
static int add_part(const struct hpt_guest *guest, struct parts *parts,
		    const struct core_segment *segment, size_t i, struct hpt_error *err)
{
	uint64_t size = guest->core->elf.size, length = segment->filesz;

	if (segment->memsz > UINT64_MAX - segment->ra || segment->memsz < segment->filesz)
		return guest_fail_offset(err, HPT_ERR_FORMAT, guest->core->elf.phoff,
					 "ELF core: program header %zu: %llu bytes of memory, "
					 "%llu in the file, at real address 0x%llx",
					 i, (unsigned long long)segment->memsz,
					 (unsigned long long)segment->filesz,
					 (unsigned long long)segment->ra);
	if (segment->at > size)
		length = 0;
	else if (length > size - segment->at)
		length = size - segment->at;
	parts->cut |= length < segment->filesz;
	parts->absent += segment->memsz - length;
	if (length)
		parts->part[parts->n++] =
			(struct part){ { segment->ra, length, 0, i }, segment->at, i };
	return 0;
}

/* Our own core says how many of its segments are RAM: what follows shows it once more. */
static int list_parts(struct hpt_guest *guest, struct parts *parts, struct hpt_error *err)
{
	struct guest_core *core = guest->core;
	struct core_segment segment;
	size_t i, loads = 0;
	int r = 0;

	for (i = 0; !r && i < core->elf.n; i++) {
		r = core_elf_segment(guest, &core->elf, i, &segment, err);
		if (r || segment.type != PT_LOAD || !segment.memsz)
			continue;
		if (core->own && loads == core->n_regions)
			break;
		r = add_part(guest, parts, &segment, loads++, err);
	}
	return r;
}

static int compare_parts(const void *a, const void *b)
{
	const struct part *left = a, *right = b;

	if (left->region.ra != right->region.ra)
		return left->region.ra < right->region.ra ? -1 : 1;
	return (left->i > right->i) - (left->i < right->i);
}

/* Sorted; of those that overlap, each byte is the first's. */
static void sort_parts(struct parts *parts)
{
	struct part *p = parts->part;
	uint64_t end = 0, skip;
	size_t i, n = 0;

	if (parts->n)
		qsort(p, parts->n, sizeof(*p), compare_parts);
	for (i = 0; i < parts->n; i++) {
		if (n && p[i].region.ra + p[i].region.length <= end)
			continue;
		skip = n && p[i].region.ra < end ? end - p[i].region.ra : 0;
		p[i].region.ra += skip;
		p[i].region.length -= skip;
		p[i].region.offset += skip;
		p[i].at += skip;
		end = p[i].region.ra + p[i].region.length;
		p[n++] = p[i];
	}
	parts->n = n;
}

/* Which part of which block a region is, by our note; else each segment is a block. */
static void name_region(const struct guest_core *core, struct part *part)
{
	const unsigned char *entry;
	uint64_t block;

	if (!core->own || part->i >= core->n_regions)
		return;
	entry = core->regions + part->i * CORE_REGION_BYTES;
	block = core_get(entry + 24, 4, core->elf.little);
	if (block >= core->n_blocks)
		return;
	part->region.offset += core_get(entry + 16, 8, core->elf.little);
	part->region.block = (size_t)block;
}

static int keep_parts(struct hpt_guest *guest, const struct parts *parts,
		      struct hpt_error *err)
{
	struct guest_state *state = &guest->state;
	struct guest_core *core = guest->core;
	size_t i;

	state->regions = calloc(parts->n + 1, sizeof(*state->regions));
	core->at = calloc(parts->n + 1, sizeof(*core->at));
	if (!core->own) {
		free_blocks(core);
		core->blocks = calloc(parts->n + 1, sizeof(*core->blocks));
	}
	if (!state->regions || !core->at || (!core->own && !core->blocks))
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for the map of RAM");
	for (i = 0; i < parts->n; i++) {
		name_region(core, &parts->part[i]);
		state->regions[i] = parts->part[i].region;
		core->at[i] = parts->part[i].at;
		if (core->own)
			continue;
		state->regions[i].block = i;
		state->regions[i].offset = 0;
		core->blocks[i].length = parts->part[i].region.length;
	}
	if (!core->own)
		core->n_blocks = parts->n;
	state->n_regions = parts->n;
	return 0;
}

static int make_map(struct hpt_guest *guest, struct hpt_error *err)
{
	struct parts parts = { calloc(guest->core->elf.n + 1, sizeof(struct part)), 0, 0,
			       false };
	int r;

	if (!parts.part)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for the map of RAM");
	r = list_parts(guest, &parts, err);
	if (!r) {
		sort_parts(&parts);
		r = keep_parts(guest, &parts, err);
	}
	if (!r && parts.absent)
		guest_warn(guest, "%llu bytes of memory that the core names are not in it: %s",
			   (unsigned long long)parts.absent,
			   parts.cut ? "the file is cut" : "they were left out");
	free(parts.part);
	return r;
}

/* The image of the table is read where it lies. */
static int read_table(void *ctx, uint64_t ra, size_t len, void *bytes, struct hpt_error *err)
{
	const struct hpt_guest *guest = ctx;

	return core_read_at(guest, guest->core->table_at + ra, bytes, len, err);
}

static const struct hpt_memory_ops table_ops = {
	.size = sizeof(struct hpt_memory_ops),
	.read = read_table,
};

static int open_table(struct hpt_guest *guest, struct hpt_error *err)
{
	struct hpt_memory_options options = {
		.size = sizeof(options),
		.flags = HPT_MEMORY_READ_ONLY,
	};
	const struct guest_core *core = guest->core;
	int r;

	if (!core->own || !core->order)
		return 0;
	if (core->order < HPT_ORDER_MIN || core->order > HPT_ORDER_MAX ||
	    core->table_bytes != UINT64_C(1) << core->order)
		return guest_fail_offset(err, HPT_ERR_FORMAT, core->table_at,
					 "ELF core: a table of %llu bytes at offset %llu, and "
					 "its order is %u",
					 (unsigned long long)core->table_bytes,
					 (unsigned long long)core->table_at, core->order);
	r = check_inside(core, "a table", core->table_at, core->table_bytes, err);
	if (r)
		return r;
	return hpt_ram_open(&table_ops, guest, 0, core->order, &options, &guest->table, err);
}

/* What our notes call a vCPU; others are counted. */
static void number_vcpus(struct guest_state *state)
{
	size_t i;

	for (i = 0; i < state->n_vcpus; i++)
		if (state->vcpus[i].registers)
			state->vcpus[i].id = state->vcpus[i].registers->id;
}

static int finish(struct hpt_guest *guest, struct hpt_error *err)
{
	int r;

	number_vcpus(&guest->state);
	r = guest_state_finish(guest, err);
	if (!r)
		r = make_map(guest, err);
	if (!r)
		r = open_table(guest, err);
	if (r)
		return r;
	if (guest->core->own)
		strncat(guest->run_state, guest->core->run_state,
			sizeof(guest->run_state) - 1);
	guest->state.read = true;
	guest->vcpus = (uint32_t)guest->state.n_vcpus;
	return 0;
}

int guest_core_open(struct hpt_guest *guest, struct hpt_error *err)
{
	int r = 0;

	guest->core = calloc(1, sizeof(*guest->core));
	if (!guest->core)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a core");
	/* Its notes say where all else is. */
	if (!guest_source_plain(&guest->source))
		r = guest_spool(guest, err);
	if (!r)
		r = find_size(guest, err);
	if (!r)
		r = core_elf_read(guest, &guest->core->elf, err);
	if (!r)
		r = take_segments(guest, err);
	return r ? r : finish(guest, err);
}

int guest_core_read(const struct hpt_guest *guest, const struct guest_region *region,
		    uint64_t ra, size_t len, unsigned char *bytes, struct hpt_error *err)
{
	size_t i = (size_t)(region - guest->state.regions);

	return core_read_at(guest, guest->core->at[i] + (ra - region->ra), bytes, len, err);
}
#else
int guest_core_open(struct hpt_guest *guest, struct hpt_error *err)
{
	(void)guest;
	return guest_fail_offset(err, HPT_ERR_UNSUPPORTED, 0,
				 "this is an ELF file, and this build has no libelf");
}

int guest_core_read(const struct hpt_guest *guest, const struct guest_region *region,
		    uint64_t ra, size_t len, unsigned char *bytes, struct hpt_error *err)
{
	(void)guest;
	(void)region;
	(void)ra;
	(void)len;
	(void)bytes;
	return guest_fail(err, HPT_ERR_UNSUPPORTED, "this build has no libelf");
}
#endif

/* A core that somebody else made has no table, and nothing to find one by. */
static int foreign(struct hpt_error *err)
{
	return guest_fail(
		err, HPT_ERR_NO_HPT,
		"no hashed page table: this core has memory and general registers "
		"alone (QEMU's dump-guest-memory, kdump). A pseries guest's table is "
		"its hypervisor's and not in it: save the guest (migrate, virsh "
		"save) instead; a bare machine's is found by its SDR1 or PTCR");
}

int guest_core_table(struct hpt_guest *guest, struct hpt_table **out, struct hpt_error *err)
{
	const struct guest_core *core = guest->core;

	if (!core->own)
		return foreign(err);
	if (!guest->table && strstr(core->no_table, "no hashed page table"))
		return guest_fail(err, HPT_ERR_NO_HPT, "%s", core->no_table);
	if (!guest->table)
		return guest_fail(err, HPT_ERR_NO_HPT, "no hashed page table: the core %s%s",
				  *core->no_table ? "says of it: " : "has none", core->no_table);
	*out = guest->table;
	return 0;
}

bool guest_core_bare(const struct guest_core *core)
{
	return core->bare;
}

int guest_core_info(const struct hpt_guest *guest, struct hpt_guest_info *known)
{
	const struct guest_core *core = guest->core;
	size_t i;

	known->machine = core->own ? core->machine : "";
	known->mmu = (enum hpt_guest_mmu)core->mmu;
	known->order = core->own ? core->order : 0;
	known->order_found = known->order != 0;
	known->ram_blocks = (uint32_t)core->n_blocks;
	known->rounds = core->rounds;
	known->chunks = core->chunks;
	for (i = 0; i < core->n_blocks; i++)
		known->ram_bytes += core->blocks[i].length;
	return 0;
}

int guest_core_block(const struct hpt_guest *guest, size_t i, struct hpt_guest_block *block,
		     struct hpt_error *err)
{
	const struct guest_core *core = guest->core;

	if (i >= core->n_blocks)
		return guest_fail(err, HPT_ERR_ARGUMENT, "block %zu, expected below %zu", i,
				  core->n_blocks);
	block->name = core->blocks[i].name ? core->blocks[i].name : "PT_LOAD";
	block->length = core->blocks[i].length;
	return 0;
}
