/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What lies where in a core that is to be written: known before its first byte. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#ifdef HAVE_LIBELF
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

/* Pages of the file, so that holes can be where pages are zero. */
#define PAGE ((uint64_t)4096)
/* No file is as long. */
#define RAM_MAX (UINT64_C(1) << 62)
#define LPCR_ILE UINT64_C(0x02000000)
#define MSR_LE UINT64_C(1)
#define SPR_LPCR 318

static int no_memory(struct hpt_error *err)
{
	return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a core's headers");
}

/*
 * The guest's byte order: the kernel's own word, else that of its interrupts or of what its first
 * vCPU does; of a core what that says.
 */
static bool is_little(const struct hpt_guest *guest, const struct hpt_vmcoreinfo *linux_info)
{
	const struct hpt_guest_vcpu *v;

	if (linux_info->text)
		return linux_info->little_endian;
	if (guest->core)
		return guest->core->elf.little;
	if (!guest->state.n_vcpus || !guest->state.vcpus[0].registers)
		return false;
	v = guest->state.vcpus[0].registers;
	return v->spr[SPR_LPCR] & LPCR_ILE || v->msr & MSR_LE;
}

static int add_vmcoreinfo(struct core_notes *notes, const struct hpt_vmcoreinfo *linux_info,
			  struct hpt_error *err)
{
	unsigned char *to;

	if (!linux_info->text)
		return 0;
	to = core_add_note(notes, "VMCOREINFO", 0, linux_info->len);
	if (!to)
		return no_memory(err);
	memcpy(to, linux_info->text, linux_info->len);
	return 0;
}

/* The table, unless it is in RAM anyway; why there is none, so that the core can say it, too. */
static int find_table(struct hpt_guest *guest, struct core_plan *plan, struct hpt_error *why,
		      struct hpt_error *err)
{
	int r;

	*why = (struct hpt_error){ .code = 0 };
	if (guest_is_bare(guest))
		return 0;
	r = hpt_guest_table(guest, &plan->table, why);
	if (r && r != HPT_ERR_NO_HPT && err)
		*err = *why;
	return r == HPT_ERR_NO_HPT ? 0 : r;
}

static int make_notes(struct hpt_guest *guest, struct core_plan *plan, struct hpt_error *err)
{
	struct hpt_vmcoreinfo linux_info = { .size = sizeof(linux_info) };
	struct hpt_error why;
	int r = hpt_guest_vmcoreinfo(guest, &linux_info, err);

	if (r && r != HPT_ERR_FORMAT)
		return r;
	plan->notes.little = is_little(guest, &linux_info);
	r = find_table(guest, plan, &why, err);
	if (!r)
		r = core_add_vcpus(guest, &plan->notes, err);
	if (!r)
		r = add_vmcoreinfo(&plan->notes, &linux_info, err);
	return r ? r
		 : core_add_own(guest, &plan->notes,
				plan->table ? hpt_table_order(plan->table) : 0, why.text, err);
}

/* The region with an address, or the first behind it; NULL: there is none. */
static const struct guest_region *region_from(const struct guest_state *state, uint64_t ra)
{
	size_t from = 0, to = state->n_regions, middle;

	while (from < to) {
		middle = from + (to - from) / 2;
		if (ra - state->regions[middle].ra < state->regions[middle].length ||
		    ra < state->regions[middle].ra)
			to = middle;
		else
			from = middle + 1;
	}
	return from < state->n_regions ? &state->regions[from] : NULL;
}

/*
 * The next piece of a mapping that is RAM, from @done bytes on; false: there is none. It lies in
 * one region.
 */
static bool next_piece(const struct guest_state *state, const struct hpt_core_mapping *mapping,
		       uint64_t *done, struct hpt_core_mapping *piece, size_t *region)
{
	const struct guest_region *found;
	uint64_t ra = mapping->ra + *done, left = mapping->length - *done, skip, room;

	found = left ? region_from(state, ra) : NULL;
	if (!found)
		return false;
	skip = found->ra > ra ? found->ra - ra : 0;
	if (skip >= left)
		return false;
	ra += skip;
	room = found->length - (ra - found->ra);
	piece->ea = mapping->ea + *done + skip;
	piece->ra = ra;
	piece->length = left - skip < room ? left - skip : room;
	*region = (size_t)(found - state->regions);
	*done += skip + piece->length;
	return true;
}

static int check_mappings(const struct hpt_core_options *options, struct hpt_error *err)
{
	const struct hpt_core_mapping *m;
	size_t i;

	for (i = 0; i < options->n_mappings; i++) {
		m = &options->mappings[i];
		if (m->length &&
		    (m->length - 1 > UINT64_MAX - m->ra || m->length - 1 > UINT64_MAX - m->ea))
			return guest_fail(err, HPT_ERR_ARGUMENT,
					  "hpt_guest_write_core: mapping %zu wraps", i);
	}
	return 0;
}

static size_t count_pieces(const struct guest_state *state,
			   const struct hpt_core_options *options)
{
	struct hpt_core_mapping piece;
	size_t i, region, n = 0;
	uint64_t done;

	for (i = 0; i < options->n_mappings; i++)
		for (done = 0;
		     next_piece(state, &options->mappings[i], &done, &piece, &region);)
			n++;
	return n;
}

static uint64_t page_up(uint64_t at)
{
	return (at + PAGE - 1) / PAGE * PAGE;
}

static void add_segment(struct core_plan *plan, uint32_t type, uint64_t at, uint64_t vaddr,
			uint64_t ra, uint64_t length)
{
	plan->segments[plan->n++] =
		(struct core_segment){ type, at, vaddr, ra, length, length };
}

static void add_regions(const struct guest_state *state,
			const struct hpt_core_options *options, struct core_plan *plan)
{
	const struct guest_region *region;
	uint64_t at = plan->end;
	size_t i;

	for (i = 0; i < state->n_regions; i++) {
		region = &state->regions[i];
		at = page_up(at) + region->ra % PAGE;
		add_segment(plan, PT_LOAD, at, options->linear_ea + region->ra, region->ra,
			    region->length);
		at += region->length;
	}
	plan->end = at;
}

/* They have no bytes of their own: those of the RAM are theirs. */
static void add_mappings(const struct guest_state *state,
			 const struct hpt_core_options *options, struct core_plan *plan,
			 size_t first)
{
	struct hpt_core_mapping piece;
	uint64_t done;
	size_t i, region;

	for (i = 0; i < options->n_mappings; i++)
		for (done = 0;
		     next_piece(state, &options->mappings[i], &done, &piece, &region);)
			add_segment(plan, PT_LOAD,
				    plan->segments[first + region].at +
					    (piece.ra - state->regions[region].ra),
				    piece.ea, piece.ra, piece.length);
}

static int place(const struct guest_state *state, const struct hpt_core_options *options,
		 struct core_plan *plan, struct hpt_error *err)
{
	size_t n = 2 + state->n_regions + count_pieces(state, options);
	uint64_t at, bytes;

	plan->segments = calloc(n, sizeof(*plan->segments));
	if (!plan->segments)
		return no_memory(err);
	n -= plan->table ? 0 : 1;
	at = core_elf_bytes(n);
	add_segment(plan, PT_NOTE, at, 0, 0, plan->notes.len);
	plan->segments[0].memsz = 0;
	plan->end = page_up(at + plan->notes.len);
	if (plan->table) {
		bytes = hpt_table_entries(plan->table) * HPT_ENTRY_BYTES;
		add_segment(plan, HPT_CORE_PT_TABLE, plan->end, 0, 0, bytes);
		plan->segments[1].memsz = 0;
		plan->end += bytes;
	}
	add_regions(state, options, plan);
	add_mappings(state, options, plan, plan->table ? 2 : 1);
	return 0;
}

int core_plan_make(struct hpt_guest *guest, const struct hpt_core_options *options,
		   struct core_plan *plan, struct hpt_error *err)
{
	const struct guest_state *state = &guest->state;
	uint64_t bytes = 0;
	size_t i;
	int r;

	for (i = 0; i < state->n_regions && bytes <= RAM_MAX; i++)
		bytes += state->regions[i].length < RAM_MAX ? state->regions[i].length
							    : RAM_MAX + 1;
	if (bytes > RAM_MAX)
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "hpt_guest_write_core: more RAM than a file can hold");
	r = check_mappings(options, err);
	if (!r)
		r = make_notes(guest, plan, err);
	return r ? r : place(state, options, plan, err);
}

void core_plan_close(struct core_plan *plan)
{
	free(plan->segments);
	free(plan->notes.bytes);
}
#endif
