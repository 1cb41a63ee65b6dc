/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "stat.h"

/* hpt stat: what the entries are like, taken together. */

#include <stdlib.h>
#include <unistd.h>

static const struct option stat_options[] = {
	SOURCE_OPTIONS,
	COLOR_OPTION,
	{ "processor", required_argument, NULL, OPT_PROCESSOR },
	{ "json", no_argument, NULL, OPT_JSON },
	{ NULL, 0, NULL, 0 },
};

static const char stat_help[] =
	"Usage: hpt stat [OPTION]... SOURCE\n"
	"Count: how full the table is, and what its entries are like.\n"
	"\n"
	"      --json            one JSON object\n"
	"      --processor NAME  whose page sizes: 970, power5+, power6, power7, power8\n"
	"                        (if nothing is said), power9, power10\n" COLOR_HELP
	"  -h, --help            this text\n"
	"\n" SOURCE_HELP;

struct counting {
	struct common common;
	const struct hpt_page_sizes *sizes;
	bool json;
	struct view view;
	struct tally tally;
	uint64_t pteg;	  /* group of the entries counted last */
	unsigned in_pteg; /* how many it has so far, 0: none yet */
};

static int count_page(struct tally *tally, const struct hpt_page *page)
{
	struct page_count *count = tally->pages;
	size_t i;

	for (i = 0; i < tally->n_pages; i++, count++)
		if (count->page.base_shift == page->base_shift &&
		    count->page.actual_shift == page->actual_shift)
			break;
	if (i == PAGES_MAX)
		return HPT_ERR_MEMORY;
	if (i == tally->n_pages) {
		tally->n_pages++;
		count->page = *page;
	}
	count->entries++;
	return 0;
}

static int count_row(struct tally *tally, const struct row *row)
{
	const struct hpt_fields *fields = &row->fields;

	tally->valid++;
	tally->secondary += fields->secondary;
	tally->bolted += (row->entry.v & HPT_V_BOLTED) != 0;
	tally->no_execute += fields->no_execute;
	tally->referenced += fields->referenced;
	tally->changed += fields->changed;
	tally->both += fields->referenced && fields->changed;
	tally->pp[fields->pp & 7]++;
	tally->key[fields->key & 31]++;
	tally->wimg[fields->wimg & 15]++;
	tally->segments[fields->segment & 3]++;
	tally->problems[row->problem]++;
	if (row->has_vsid && vsids_add(&tally->vsids, row->vsid, fields->segment == 1))
		return HPT_ERR_MEMORY;
	return row->has_page ? count_page(tally, &row->page) : 0;
}

/* Entries come in ascending order, so that a group is complete when another begins. */
static void count_in_pteg(struct counting *counting, uint64_t ptex)
{
	uint64_t pteg = ptex / HPT_PTEG_ENTRIES;

	if (counting->in_pteg && pteg != counting->pteg) {
		counting->tally.per_pteg[counting->in_pteg]++;
		counting->in_pteg = 0;
	}
	counting->pteg = pteg;
	counting->in_pteg++;
}

static int count_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct counting *counting = arg;
	struct row row;

	for (size_t i = 0; i < n; i++) {
		row_decode(&row, &counting->view, ptex + i, entries[i]);
		count_in_pteg(counting, ptex + i);
		if (count_row(&counting->tally, &row))
			return 1;
	}
	return 0;
}

static int by_size(const void *a, const void *b)
{
	const struct page_count *x = a;
	const struct page_count *y = b;

	if (x->page.base_shift != y->page.base_shift)
		return x->page.base_shift < y->page.base_shift ? -1 : 1;
	return x->page.actual_shift < y->page.actual_shift ? -1 : 1;
}

static void finish(struct counting *counting)
{
	struct tally *tally = &counting->tally;
	uint64_t used = 0;

	if (counting->in_pteg)
		tally->per_pteg[counting->in_pteg]++;
	for (unsigned i = 1; i <= HPT_PTEG_ENTRIES; i++)
		used += tally->per_pteg[i];
	tally->per_pteg[0] = tally->slots / HPT_PTEG_ENTRIES - used;
	qsort(tally->pages, tally->n_pages, sizeof(tally->pages[0]), by_size);
	tally->n_top = vsids_top(&tally->vsids, tally->top, TOP_VSIDS);
}

static int stat_count(struct counting *counting, const struct hpt_table *table)
{
	struct hpt_error err;
	int ret;

	counting->tally.slots = hpt_table_entries(table);
	view_init(&counting->view, table, counting->sizes);
	ret = hpt_table_each(table, 0, UINT64_MAX, count_run, counting, &err);
	if (ret) {
		complain("%s", ret == HPT_ERR_STOPPED ? "no memory to count in" : err.text);
		return EXIT_ERROR;
	}
	finish(counting);
	return 0;
}

static int stat_print(const struct counting *counting)
{
	struct output out;

	if (output_open(&out, STDOUT_FILENO, "standard output"))
		return EXIT_ERROR;
	output_colour(&out, counting->common.colour);
	if (counting->json)
		stat_json(&out, &counting->tally);
	else
		stat_text(&out, &counting->tally);
	return output_close(&out);
}

static int stat_source(struct counting *counting)
{
	struct source source;
	int ret = source_need_table(&source, &counting->common, 0);

	if (ret)
		return ret;
	ret = stat_count(counting, source.table);
	source_close(&source);
	if (!ret)
		ret = stat_print(counting);
	vsids_free(&counting->tally.vsids);
	return ret;
}

static int set_option(struct counting *counting, int code)
{
	if (code == OPT_JSON)
		counting->json = true;
	else if (parse_processor(optarg, &counting->sizes))
		return bad_value(&counting->common, "processor", optarg,
				 "970, power5+, power6, power7, power8, power9 or power10");
	return 0;
}

static int stat_main(const struct command *self, int argc, char **argv)
{
	struct counting counting = { .sizes = hpt_page_sizes_of(HPT_CPU_POWER8) };
	int code, ret;

	if (options_begin(&counting.common, self, argc))
		return EXIT_ERROR;
	while ((code = options_next(&counting.common, argc, argv)) != OPT_END)
		if (code == OPT_BAD || set_option(&counting, code))
			break;
	if (code != OPT_END)
		ret = EXIT_ERROR;
	else if (counting.common.help)
		ret = output_text(stat_help);
	else
		ret = options_end(&counting.common, argc, argv);
	if (!ret && !counting.common.help)
		ret = stat_source(&counting);
	free(counting.common.then);
	return ret;
}

const struct command stat_command = {
	.name = "stat",
	.summary = "count: how full it is, and what its entries are like",
	.help = stat_help,
	.options = stat_options,
	.short_options = ":h",
	.run = stat_main,
};
