/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "crew.h"
#include "filter.h"

/* hpt dump: the entries, one a line. */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const struct option dump_options[] = {
	SOURCE_OPTIONS,
	COLOR_OPTION,
	FILTER_OPTIONS,
	{ "all", no_argument, NULL, OPT_ALL },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "processor", required_argument, NULL, OPT_PROCESSOR },
	{ "host", no_argument, NULL, OPT_HOST },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "csv", no_argument, NULL, OPT_CSV },
	{ "raw", no_argument, NULL, OPT_RAW },
	{ NULL, 0, NULL, 0 },
};

static const char dump_help[] =
	"Usage: hpt dump [OPTION]... SOURCE\n"
	"Show the valid entries of a hashed page table, one a line.\n"
	"\n"
	"Which entries:\n"
	"      --ptex RANGE      whose index is in RANGE; only this part is read\n"
	"      --vsid RANGE      whose virtual segment id is in RANGE\n"
	"      --ra RANGE        whose page has a byte in this range of real addresses\n"
	"      --page-size SIZE  whose page is 4K, 64K, 16M, ...; or BASE/ACTUAL: 4K/64K\n"
	"      --bolted          with the bolted bit\n"
	"      --all             invalid slots too\n"
	"      --limit N         stop after N entries\n"
	"RANGE is A, A-B (both included), A- (from A on) or A+N (N of them from A), decimal\n"
	"or 0x hexadecimal, with K, M, G or T behind.\n"
	"\n"
	"In which form:\n"
	"      --json            one JSON object a line\n"
	"      --csv             comma-separated, names in the first line\n"
	"      --host            of KVM's listing: what the host has in each slot, too\n"
	"      --raw             16 bytes an entry, big-endian; not to a terminal\n"
	"      --processor NAME  whose page sizes: 970, power5+, power6, power7, power8\n"
	"                        (if nothing is said), power9, power10\n" COLOR_HELP
	"  -h, --help            this text\n"
	"\n"
	"Columns: ptex, pteg.slot, hash (1st: primary, 2nd: secondary), vsid, seg(ment size),\n"
	"va (virtual address of the page), base/page (base and actual page size), ra (real\n"
	"address), pp, key, WIMG, NRCB (no-execute, referenced, changed, bolted). A mark at\n"
	"the end and the two doublewords follow where not all can be told: !lp (no page size\n"
	"of the processor), !pteg (cannot be in this group), !segment, !avpn (reserved bits).\n"
	"With --host: host (real address of the host), pp, key, NRC as in force there, and AIM:\n"
	"absent (no page of the host behind it), an access is emulated, modified since a reader\n"
	"of the stream last had it.\n"
	"\n" SOURCE_HELP;

#define READ_ENTRIES 4096u
#define SLOTS_OF_BLOCK 64u

struct dump {
	struct common common;
	struct filter filter;
	struct range ptex;
	const struct hpt_page_sizes *sizes;
	const struct form *form;
	uint64_t limit;
	bool all;
	bool host;
	const struct hpt_table *table;
	struct view view;
	struct output *out; /* apart: it changes while parts take a copy of the rest */
	struct row row;
	struct quick *quick; /* NULL: another form, or none for this view */
	bool filtered;
};

static int set_form(struct dump *dump, const struct form *form)
{
	if (dump->form != &text_form && dump->form != form) {
		usage_error(dump->common.command,
			    "--json, --csv and --raw exclude each other");
		return OPT_BAD;
	}
	dump->form = form;
	return 0;
}

static int set_option(struct dump *dump, int code)
{
	switch (code) {
	case OPT_PTEX:
		return filter_range(&dump->common, "ptex", &dump->ptex);
	case OPT_ALL:
		dump->all = true;
		return 0;
	case OPT_HOST:
		dump->host = true;
		return 0;
	case OPT_LIMIT:
		if (!parse_number(optarg, &dump->limit))
			return 0;
		return bad_value(&dump->common, "limit", optarg, "a number of entries");
	case OPT_PROCESSOR:
		if (!parse_processor(optarg, &dump->sizes))
			return 0;
		return bad_value(&dump->common, "processor", optarg,
				 "970, power5+, power6, power7, power8, power9 or power10");
	case OPT_JSON:
		return set_form(dump, &json_form);
	case OPT_CSV:
		return set_form(dump, &csv_form);
	case OPT_RAW:
		return set_form(dump, &raw_form);
	default:
		return filter_option(&dump->filter, &dump->common, code);
	}
}

/* Returns 0 to go on. */
static int dump_entry(struct dump *dump, uint64_t ptex, struct hpt_entry entry)
{
	row_decode(&dump->row, &dump->view, ptex, entry);
	if (!filter_match(&dump->filter, &dump->row))
		return 0;
	/* Without a filter dump_quickly() has tried, or there are few left to print. */
	if (!dump->quick || !dump->filtered || !dump->row.fields.valid ||
	    quick_lines(dump->quick, dump->out, ptex, 1, &entry))
		dump->form->row(dump->out, &dump->view, &dump->row);
	dump->limit--;
	return !dump->limit || dump->out->error;
}

/* Those that are left for dump_entry(), from the first on that needs it. */
static uint64_t dump_quickly(struct dump *dump, uint64_t ptex, uint64_t valid,
			     const struct hpt_entry *entries)
{
	uint64_t left;

	if (!dump->quick || dump->filtered || dump->limit <= SLOTS_OF_BLOCK)
		return valid;
	left = quick_lines(dump->quick, dump->out, ptex, valid, entries);
	dump->limit -= (unsigned)__builtin_popcountll(valid ^ left);
	return left;
}

static int dump_slots(struct dump *dump, uint64_t ptex, size_t n,
		      const struct hpt_entry *entries)
{
	for (size_t i = 0; i < n; i++) {
		bool valid = entries[i].v & HPT_V_VALID;

		if (valid && !dump_quickly(dump, ptex + i, 1, &entries[i]))
			continue;
		if (dump_entry(dump, ptex + i, entries[i]))
			return 1;
	}
	return dump->out->error;
}

static int dump_block(void *arg, uint64_t ptex, uint64_t valid,
		      const struct hpt_entry *entries)
{
	struct dump *dump = arg;

	while (valid && (valid = dump_quickly(dump, ptex, valid, entries))) {
		unsigned i = (unsigned)__builtin_ctzll(valid);

		if (dump_entry(dump, ptex + i, entries[i]))
			return 1;
		valid &= valid - 1;
	}
	return dump->out->error;
}

/* What of a dump can be told apart, by one of several threads. */
static int dump_part(const void *arg, struct output *out, uint64_t ptex, uint64_t n,
		     struct hpt_error *err)
{
	struct dump dump = *(const struct dump *)arg;

	dump.out = out;
	return hpt_table_each_block(dump.table, ptex, n, dump_block, &dump, err);
}

static int dump_valid(struct dump *dump, uint64_t n, struct hpt_error *err)
{
	struct hpt_table_info info = { .size = sizeof(info) };

	/* With a limit what one prints depends on what was printed before. */
	if (dump->limit == UINT64_MAX && crew_pays(n) &&
	    !hpt_table_info(dump->table, &info, NULL) && info.flags & HPT_TABLE_CONCURRENT)
		return crew_print(dump->out, dump->ptex.first, n, dump_part, dump, err);
	return hpt_table_each_block(dump->table, dump->ptex.first, n, dump_block, dump, err);
}

static int dump_all(struct dump *dump, uint64_t n, struct hpt_error *err)
{
	struct hpt_entry *entries = malloc(READ_ENTRIES * sizeof(*entries));
	uint64_t ptex = dump->ptex.first;
	int ret = 0;

	if (!entries)
		return hpt_error_fill(err, HPT_ERR_MEMORY, 0, NULL);
	while (n && !ret) {
		size_t part = n < READ_ENTRIES ? (size_t)n : READ_ENTRIES;

		ret = hpt_table_read(dump->table, ptex, part, entries, err);
		if (!ret && dump_slots(dump, ptex, part, entries))
			ret = HPT_ERR_STOPPED;
		ptex += part;
		n -= part;
	}
	free(entries);
	return ret;
}

static int dump_table(struct dump *dump, const struct hpt_table *table)
{
	uint64_t slots = hpt_table_entries(table);
	uint64_t last = dump->ptex.last < slots ? dump->ptex.last : slots - 1;
	struct hpt_error err;
	uint64_t n;
	int ret = 0;

	if (dump->ptex.first >= slots)
		return usage_error(dump->common.command,
				   "--ptex: the table has %llu slots, 0 to 0x%llx",
				   (unsigned long long)slots, (unsigned long long)slots - 1);
	n = last - dump->ptex.first + 1;
	dump->table = table;
	view_init(&dump->view, table, dump->sizes);
	dump->view.listing = dump->host ? table : NULL;
	if (dump->form->begin)
		dump->form->begin(dump->out, &dump->view);
	if (!dump->limit)
		return 0;
	dump->filtered = !filter_is_empty(&dump->filter);
	if (dump->form == &text_form)
		dump->quick = quick_open(&dump->view);
	if (dump->all)
		ret = dump_all(dump, n, &err);
	else
		ret = dump_valid(dump, n, &err);
	free(dump->quick);
	if (!ret || ret == HPT_ERR_STOPPED)
		return 0;
	complain("%s", err.text);
	return EXIT_ERROR;
}

/* Is there anything that --host could show? */
static int check_host(const struct dump *dump, const struct hpt_table *table)
{
	struct hpt_debugfs_info info = { .size = sizeof(info) };

	if (!dump->host || !hpt_debugfs_info(table, &info, NULL))
		return 0;
	return usage_error(dump->common.command,
			   "--host: the source is no listing of KVM's (kvm-debugfs)");
}

static int dump_source(struct dump *dump)
{
	struct source source;
	int ret, closed;

	if (dump->form->binary && isatty(STDOUT_FILENO))
		return usage_error(dump->common.command, "--raw is binary: not to a terminal");
	if (dump->form->binary && dump->host)
		return usage_error(dump->common.command,
				   "--raw and --host exclude each other");
	ret = source_need_table(&source, &dump->common, 0);
	if (ret)
		return ret;
	ret = check_host(dump, source.table);
	if (!ret)
		ret = output_open(dump->out, STDOUT_FILENO, "standard output");
	if (!ret) {
		output_colour(dump->out, dump->common.colour);
		ret = dump_table(dump, source.table);
		closed = output_close(dump->out);
		ret = ret ? ret : closed;
	}
	source_close(&source);
	return ret;
}

static int dump_main(const struct command *self, int argc, char **argv)
{
	struct output out;
	struct dump dump = { .form = &text_form, .limit = UINT64_MAX, .out = &out };
	int code, ret;

	dump.ptex.last = UINT64_MAX;
	dump.sizes = hpt_page_sizes_of(HPT_CPU_POWER8);
	if (options_begin(&dump.common, self, argc))
		return EXIT_ERROR;
	while ((code = options_next(&dump.common, argc, argv)) != OPT_END)
		if (code == OPT_BAD || set_option(&dump, code))
			break;
	if (code != OPT_END)
		ret = EXIT_ERROR;
	else if (dump.common.help)
		ret = output_text(dump_help);
	else
		ret = options_end(&dump.common, argc, argv);
	if (!ret && !dump.common.help)
		ret = dump_source(&dump);
	free(dump.common.then);
	return ret;
}

const struct command dump_command = {
	.name = "dump",
	.summary = "show its entries, one a line",
	.help = dump_help,
	.options = dump_options,
	.short_options = ":h",
	.run = dump_main,
};
