/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A core, or memory as it is, written from its first byte to its last. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>

#include "core.h"

#define PAGE HPT_QEMU_PAGE
#define PROGRESS_STEP ((uint64_t)4 << 20)
#define FLAGS HPT_CORE_RAW
#define ENTRIES 256

/* What is written, and how far. */
struct writing {
	struct hpt_guest *guest;
	struct hpt_core_options options;
	const struct hpt_writer_ops *ops;
	void *ctx;
	struct hpt_error *err; /* never NULL */
	uint64_t at;
	uint64_t zeros; /* that are to come before what comes next */
	uint64_t ram_done;
	uint64_t ram_bytes;
	uint64_t report_at;
	uint64_t table_at;
	int failed;
};

static int write_zeros(struct writing *writing, uint64_t n)
{
	static const unsigned char zeros[PAGE];
	size_t part;
	int r = 0;

	if (writing->ops->skip)
		return writing->ops->skip(writing->ctx, n, writing->err);
	for (; !r && n > 0; n -= part) {
		part = n < sizeof(zeros) ? (size_t)n : sizeof(zeros);
		r = writing->ops->write(writing->ctx, zeros, part, writing->err);
	}
	return r;
}

static void skip_to(struct writing *writing, uint64_t at)
{
	writing->zeros += at - writing->at;
	writing->at = at;
}

static int flush_zeros(struct writing *writing)
{
	int r = writing->zeros ? write_zeros(writing, writing->zeros) : 0;

	writing->zeros = 0;
	return r;
}

static int write_bytes(struct writing *writing, const void *bytes, size_t len)
{
	int r = flush_zeros(writing);

	if (!r && len)
		r = writing->ops->write(writing->ctx, bytes, len, writing->err);
	writing->at += len;
	return r;
}

static bool all_zero(const unsigned char *bytes, size_t len)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, len - 1);
}

static int report(struct writing *writing)
{
	const struct hpt_core_options *options = &writing->options;

	if (!options->progress || writing->ram_done < writing->report_at)
		return 0;
	writing->report_at = writing->ram_done + PROGRESS_STEP;
	if (options->progress(options->arg, writing->ram_done, writing->ram_bytes))
		return guest_fail(writing->err, HPT_ERR_STOPPED,
				  "stopped by the progress callback");
	return 0;
}

/* A page as it lies in its block, so that each is read once. */
static int write_region(struct writing *writing, const struct guest_region *region)
{
	unsigned char buffer[PAGE];
	uint64_t done, left;
	const void *bytes;
	size_t n;
	int r = 0;

	for (done = 0; !r && done < region->length; done += n) {
		left = region->length - done;
		n = PAGE - (size_t)((region->offset + done) % PAGE);
		n = left < n ? (size_t)left : n;
		bytes = guest_memory_ops.view(writing->guest, region->ra + done, n);
		if (!bytes) {
			r = guest_memory_ops.read(writing->guest, region->ra + done, n, buffer,
						  writing->err);
			bytes = buffer;
		}
		if (!r && all_zero(bytes, n))
			skip_to(writing, writing->at + n);
		else if (!r)
			r = write_bytes(writing, bytes, n);
		writing->ram_done += n;
		if (!r)
			r = report(writing);
	}
	return r;
}

static int begin(struct writing *writing)
{
	const struct hpt_memory_ops *ops;
	const struct guest_state *state = &writing->guest->state;
	void *ctx;
	size_t i;

	for (i = 0; i < state->n_regions; i++)
		writing->ram_bytes += state->regions[i].length;
	return hpt_guest_memory(writing->guest, &ops, &ctx, writing->err);
}

static int write_raw(struct writing *writing)
{
	const struct guest_state *state = &writing->guest->state;
	size_t i;
	int r = begin(writing);

	for (i = 0; !r && i < state->n_regions; i++) {
		skip_to(writing, state->regions[i].ra);
		r = write_region(writing, &state->regions[i]);
	}
	return r ? r : flush_zeros(writing);
}

#ifdef HAVE_LIBELF
static int write_head(struct writing *writing, const struct core_plan *plan)
{
	size_t len = core_elf_bytes(plan->n);
	unsigned char *bytes = malloc(len);
	int r;

	if (!bytes)
		return guest_fail(writing->err, HPT_ERR_MEMORY,
				  "out of memory for a core's headers");
	r = core_elf_make(plan->segments, plan->n, plan->notes.little, bytes, writing->err);
	if (!r)
		r = write_bytes(writing, bytes, len);
	free(bytes);
	return r ? r : write_bytes(writing, plan->notes.bytes, plan->notes.len);
}

static int write_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	unsigned char bytes_be[ENTRIES * HPT_ENTRY_BYTES];
	struct writing *writing = arg;
	size_t part;

	skip_to(writing, writing->table_at + ptex * HPT_ENTRY_BYTES);
	for (; !writing->failed && n; n -= part, entries += part) {
		part = n < ENTRIES ? n : ENTRIES;
		hpt_entries_to_bytes(entries, part, bytes_be);
		writing->failed = write_bytes(writing, bytes_be, part * HPT_ENTRY_BYTES);
	}
	return writing->failed;
}

static int write_table(struct writing *writing, const struct core_plan *plan)
{
	struct hpt_error err;
	int r;

	if (!plan->table)
		return 0;
	writing->table_at = plan->segments[1].at;
	r = hpt_table_each(plan->table, 0, UINT64_MAX, write_run, writing, &err);
	if (r && !writing->failed)
		*writing->err = err;
	return writing->failed ? writing->failed : r;
}

static int write_planned(struct writing *writing, const struct core_plan *plan)
{
	const struct guest_state *state = &writing->guest->state;
	size_t first = plan->table ? 2 : 1, i;
	int r = write_head(writing, plan);

	if (!r)
		r = write_table(writing, plan);
	for (i = 0; !r && i < state->n_regions; i++) {
		skip_to(writing, plan->segments[first + i].at);
		r = write_region(writing, &state->regions[i]);
	}
	if (r)
		return r;
	skip_to(writing, plan->end);
	return flush_zeros(writing);
}

static int write_elf(struct writing *writing)
{
	struct core_plan plan = { .n = 0 };
	int r = begin(writing);

	if (!r)
		r = core_plan_make(writing->guest, &writing->options, &plan, writing->err);
	if (!r)
		r = write_planned(writing, &plan);
	core_plan_close(&plan);
	return r;
}
#else
static int write_elf(struct writing *writing)
{
	return guest_fail(writing->err, HPT_ERR_UNSUPPORTED,
			  "an ELF core needs a build with libelf, which this is not");
}
#endif

static int options_in(struct hpt_core_options *to, const struct hpt_core_options *from,
		      struct hpt_error *err)
{
	int r = 0;

	memset(to, 0, sizeof(*to));
	if (from)
		r = guest_struct_in(to, from, sizeof(*to), "hpt_core_options", err);
	if (!r && (to->flags & ~FLAGS || to->reserved || (to->n_mappings && !to->mappings)))
		r = guest_fail(err, HPT_ERR_ARGUMENT,
			       "hpt_core_options: unknown flags 0x%x, or no mappings where "
			       "there are %zu",
			       to->flags, to->n_mappings);
	return r;
}

int hpt_guest_write_core(struct hpt_guest *guest, const struct hpt_core_options *options,
			 const struct hpt_writer_ops *ops, void *ctx, struct hpt_error *err)
{
	struct hpt_error ignored = { .code = HPT_OK };
	struct writing writing = {
		.guest = guest, .ops = ops, .ctx = ctx, .err = err ? err : &ignored
	};
	int r;

	if (!guest || !ops || !ops->write || ops->size < sizeof(*ops))
		return guest_fail(
			err, HPT_ERR_ARGUMENT,
			"hpt_guest_write_core: a NULL, or operations that are too few");
	r = options_in(&writing.options, options, writing.err);
	if (r)
		return r;
	return writing.options.flags & HPT_CORE_RAW ? write_raw(&writing)
						    : write_elf(&writing);
}
