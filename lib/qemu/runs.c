/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where pages lie in the file. A run is consecutive pages of a block whose records follow
 * each other: 16 bytes, however many pages. Runs stand in the order of the stream; each
 * time the pages go backwards a new pass begins, and within a pass they ascend, so that a
 * page is found by a binary search in the newest pass, then in the one before it.
 */
#include "internal.h"

#define COUNT_BITS 20
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)
#define KIND_BITS 8
#define KIND_MASK ((UINT64_C(1) << KIND_BITS) - 1)
#define OFFSET_MAX (UINT64_MAX >> KIND_BITS)
#define PAGE_MAX (UINT64_MAX >> COUNT_BITS)
/* From one page's bytes to the next's: a record's header lies between. */
#define PAGES_STRIDE ((uint64_t)QEMU_PAGE_RECORD)

static enum qemu_run_kind run_kind(const struct qemu_run *run)
{
	return (enum qemu_run_kind)(run->what & KIND_MASK);
}

static uint64_t run_offset(const struct qemu_run *run)
{
	return run->what >> KIND_BITS;
}

static uint64_t run_first(const struct qemu_run *run)
{
	return run->place >> COUNT_BITS;
}

static uint64_t run_count(const struct qemu_run *run)
{
	return run->place & COUNT_MASK;
}

static bool is_delta(enum qemu_run_kind kind)
{
	return kind == QEMU_RUN_XBZRLE;
}

/* Runs whose count is a number of bytes hold one page. */
static uint64_t run_pages(const struct qemu_run *run)
{
	enum qemu_run_kind kind = run_kind(run);

	return kind == QEMU_RUN_XBZRLE || kind == QEMU_RUN_ZLIB ? 1 : run_count(run);
}

/* Offset of page number @n of a run. */
static uint64_t page_offset(const struct qemu_run *run, uint64_t n)
{
	switch (run_kind(run)) {
	case QEMU_RUN_PAGES:
		return run_offset(run) + n * PAGES_STRIDE;
	case QEMU_RUN_PACKED:
		return run_offset(run) + n * HPT_QEMU_PAGE;
	default:
		return run_offset(run);
	}
}

/* Does the page go on where the block's last run ends? */
static bool extends(const struct qemu_block *block, uint64_t page, enum qemu_run_kind kind,
		    uint64_t offset)
{
	const struct qemu_run *last;

	if (!block->n_runs || page != block->next_page)
		return false;
	last = &block->runs[block->n_runs - 1];
	return kind <= QEMU_RUN_PACKED && run_kind(last) == kind &&
	       run_count(last) < COUNT_MASK &&
	       page_offset(last, run_count(last)) == offset;
}

static int add_pass(struct hpt_qemu *q, struct qemu_block *block)
{
	void *array = block->passes;
	int r = qemu_grow(q, &array, &block->passes_room, block->n_passes,
			  sizeof(*block->passes), "the passes over RAM");

	block->passes = array;
	if (!r)
		block->passes[block->n_passes++] = block->n_runs;
	return r;
}

static int add_run(struct hpt_qemu *q, struct qemu_block *block, uint64_t page,
		   enum qemu_run_kind kind, uint64_t offset, uint32_t count)
{
	void *array = block->runs;
	int r;

	if (page > PAGE_MAX)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, qemu_offset(q),
				       "offset %llu: a page at 0x%llx of its block, expected below "
				       "0x%llx",
				       (unsigned long long)qemu_offset(q),
				       (unsigned long long)page * HPT_QEMU_PAGE,
				       (unsigned long long)(PAGE_MAX + 1) * HPT_QEMU_PAGE);
	if (offset > OFFSET_MAX)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, offset,
				       "offset %llu: a page's bytes, expected below offset %llu",
				       (unsigned long long)offset,
				       (unsigned long long)OFFSET_MAX + 1);
	r = qemu_grow(q, &array, &block->runs_room, block->n_runs, sizeof(*block->runs),
		      "the places of pages");
	block->runs = array;
	if (!r && (!block->n_runs || page < block->next_page))
		r = add_pass(q, block);
	if (r)
		return r;
	block->runs[block->n_runs].place = page << COUNT_BITS | count;
	block->runs[block->n_runs].what = offset << KIND_BITS | kind;
	block->n_runs++;
	return 0;
}

int qemu_runs_add(struct hpt_qemu *q, struct qemu_block *block, uint64_t page,
		  enum qemu_run_kind kind, uint64_t offset, uint32_t length)
{
	bool sized = kind == QEMU_RUN_XBZRLE || kind == QEMU_RUN_ZLIB;
	int r;

	if (extends(block, page, kind, offset)) {
		block->runs[block->n_runs - 1].place++;
		block->next_page++;
		return 0;
	}
	r = add_run(q, block, page, kind, offset, sized ? length : 1);
	if (!r)
		block->next_page = page + 1;
	return r;
}

size_t qemu_runs_room(const struct qemu_block *block)
{
	return (size_t)(COUNT_MASK - run_count(&block->runs[block->n_runs - 1]));
}

void qemu_runs_extend(struct qemu_block *block, size_t n)
{
	block->runs[block->n_runs - 1].place += n;
	block->next_page += n;
}

/* The run of an ascending pass, runs[from] to runs[to - 1], that holds the page. */
static const struct qemu_run *search(const struct qemu_block *block, size_t from, size_t to,
				     uint64_t page)
{
	const struct qemu_run *run;
	size_t middle;

	while (from < to) {
		middle = from + (to - from) / 2;
		run = &block->runs[middle];
		if (page < run_first(run))
			to = middle;
		else if (page - run_first(run) >= run_pages(run))
			from = middle + 1;
		else
			return run;
	}
	return NULL;
}

/* The newest run with the page among the first *@pass passes; lowers *@pass to its pass. */
static const struct qemu_run *newest(const struct qemu_block *block, size_t *pass,
				     uint64_t page)
{
	const struct qemu_run *run = NULL;
	size_t end;

	while (!run && *pass > 0) {
		end = *pass == block->n_passes ? block->n_runs : block->passes[*pass];
		--*pass;
		run = search(block, block->passes[*pass], end, page);
	}
	return run;
}

static void put_page(const struct qemu_run *run, uint64_t page, struct hpt_qemu_page *out)
{
	static const enum hpt_qemu_record records[] = {
		[QEMU_RUN_FILL] = HPT_QEMU_FILL,     [QEMU_RUN_PAGES] = HPT_QEMU_RAW,
		[QEMU_RUN_PACKED] = HPT_QEMU_RAW,    [QEMU_RUN_XBZRLE] = HPT_QEMU_XBZRLE,
		[QEMU_RUN_ZLIB] = HPT_QEMU_ZLIB,
	};

	memset(out, 0, sizeof(*out));
	out->record = records[run_kind(run)];
	if (out->record == HPT_QEMU_FILL) {
		out->fill = (uint8_t)run_offset(run);
		return;
	}
	out->offset = page_offset(run, page - run_first(run));
	out->length = out->record == HPT_QEMU_RAW ? HPT_QEMU_PAGE : (uint32_t)run_count(run);
}

/* Count the records of a page; *@whole when the oldest of them gives it whole. */
static size_t count_records(const struct qemu_block *block, uint64_t page, bool *whole)
{
	size_t pass = block->n_passes, n = 0;
	const struct qemu_run *run;

	*whole = false;
	for (run = newest(block, &pass, page); run; run = newest(block, &pass, page)) {
		n++;
		*whole = !is_delta(run_kind(run));
		if (*whole)
			break;
	}
	return n;
}

static int find_page(const struct qemu_block *block, uint64_t page, struct hpt_qemu_page *out,
		     size_t max, size_t *n, struct hpt_error *err)
{
	size_t pass = block->n_passes, count, i;
	const struct qemu_run *run;
	bool whole;

	count = count_records(block, page, &whole);
	if (count > 0 && !whole)
		return hpt_fail_address(err, HPT_ERR_FORMAT, page * HPT_QEMU_PAGE,
					"page %llu of its block has a delta and no content "
					"before it",
					(unsigned long long)page);
	*n = count ? count : 1;
	if (*n > max)
		return 0;
	if (count == 0)
		memset(out, 0, sizeof(*out));
	for (i = count; i > 0; i--) {
		run = newest(block, &pass, page);
		put_page(run, page, &out[i - 1]);
	}
	return 0;
}

/* Why no page of a block is in the file, or NULL when some may be. */
static const char *not_here(const struct hpt_qemu *q, const struct qemu_block *block)
{
	if (block->n_runs > 0)
		return NULL;
	if (q->ignore_shared)
		return "it is shared memory in another file";
	if (q->ram.done && !q->ram.records && !q->mapped_ram)
		return "RAM went elsewhere (multifd)";
	return NULL;
}

int hpt_qemu_page(const struct hpt_qemu *q, size_t number, uint64_t page,
		  struct hpt_qemu_page *out, size_t max, size_t *n, struct hpt_error *err)
{
	const struct qemu_block *block;
	const char *why;

	if (!q || !n || (!out && max) || number >= q->ram.n_blocks)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"hpt_qemu_page: a NULL, or RAM block %zu of %zu", number,
				q ? q->ram.n_blocks : 0);
	block = &q->ram.blocks[number];
	if (page >= block->length / HPT_QEMU_PAGE)
		return hpt_fail_address(err, HPT_ERR_RANGE,
					page > UINT64_MAX / HPT_QEMU_PAGE ? UINT64_MAX
									  : page * HPT_QEMU_PAGE,
					"page %llu of a RAM block of %llu pages",
					(unsigned long long)page,
					(unsigned long long)(block->length / HPT_QEMU_PAGE));
	why = not_here(q, block);
	if (why)
		return hpt_fail_address(err, HPT_ERR_UNSUPPORTED, page * HPT_QEMU_PAGE,
					"page %llu is not in this file: %s",
					(unsigned long long)page, why);
	return find_page(block, page, out, max, n, err);
}
