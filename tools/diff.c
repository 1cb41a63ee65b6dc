/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "diff.h"

/* hpt diff: what changed from one table to another. */

#include <stdlib.h>
#include <unistd.h>

static const struct option diff_options[] = {
	SOURCE_OPTIONS,
	COLOR_OPTION,
	{ "pass", required_argument, NULL, OPT_PASS },
	FILTER_OPTIONS,
	{ "ignore", required_argument, NULL, OPT_IGNORE },
	{ "by-page", no_argument, NULL, OPT_BY_PAGE },
	{ "processor", required_argument, NULL, OPT_PROCESSOR },
	{ "brief", no_argument, NULL, OPT_BRIEF },
	{ "stat", no_argument, NULL, OPT_STAT },
	{ "json", no_argument, NULL, OPT_JSON },
	{ NULL, 0, NULL, 0 },
};

static const char diff_help[] =
	"Usage: hpt diff [OPTION]... SOURCE SOURCE\n"
	"       hpt diff [OPTION]... --pass N [--pass M] STREAM\n"
	"       hpt diff [OPTION]... --then FILE STREAM\n"
	"Show what changed from one hashed page table to another: entries added (+), removed\n"
	"(-), changed (~), and moved to another slot (>). What the hypervisor keeps in an entry\n"
	"for itself never counts.\n"
	"\n"
	"      --pass N          of a captured stream of many passes: as it was after the\n"
	"                        first N; the second --pass is for the second SOURCE. With\n"
	"                        one SOURCE it is compared with itself, later\n"
	"      --ignore LIST     what may differ, with commas: R, C, N, B, WIMG, pp, key, ra,\n"
	"                        base_page, actual_page, software, ptex (moves)\n"
	"      --by-page         compare by virtual page, wherever its entry stands; so it is\n"
	"                        done when the tables differ in size\n"
	"Which entries, before or after: as in 'hpt dump'\n"
	"      --ptex RANGE, --vsid RANGE, --ra RANGE, --page-size SIZE, --bolted\n"
	"In which form:\n"
	"  -q, --brief           only whether they differ\n"
	"      --stat            only how many entries do, and in what\n"
	"      --json            one JSON object a line\n"
	"      --processor NAME  page sizes of a 970, power5+, power6, power7, power8\n"
	"                        (if nothing is said), power9, power10\n" COLOR_HELP
	"  -h, --help            this text\n"
	"\n" SOURCE_HELP "\n"
	"What is said of a source is meant for both; said again, for the second. --then is for\n"
	"the second.\n"
	"\n"
	"Exit status: 0 they are the same, 1 they differ, 2 trouble, also where there is no\n"
	"table to compare.\n";

struct diff {
	struct common common[2];
	struct source source[2];
	uint64_t pass[2]; /* 0: all */
	unsigned n_pass;
	struct comparison comparison;
	const struct hpt_page_sizes *sizes;
	uint64_t entries[2];
	bool brief;
	bool stat;
	bool json;
	bool begun; /* the heading is written */
	struct output out;
};

static int set_pass(struct diff *diff)
{
	uint64_t pass;

	if (parse_number(optarg, &pass) || !pass || pass > UINT32_MAX)
		return bad_value(diff->common, "pass", optarg,
				 "the number of a pass, from 1 on");
	if (diff->n_pass == 2) {
		usage_error(diff->common->command,
			    "--pass: two are compared, and this is a third");
		return OPT_BAD;
	}
	diff->pass[diff->n_pass++] = pass;
	return 0;
}

static int set_option(struct diff *diff, int code)
{
	struct comparison *comparison = &diff->comparison;

	switch (code) {
	case OPT_PASS:
		return set_pass(diff);
	case OPT_PTEX:
		return filter_range(diff->common, "ptex", &comparison->ptex);
	case OPT_IGNORE:
		if (!parse_fields(optarg, &comparison->ignore))
			return 0;
		return bad_value(diff->common, "ignore", optarg,
				 "a list of R, C, N, B, WIMG, pp, key, ra, base_page, "
				 "actual_page, software, ptex");
	case OPT_BY_PAGE:
		comparison->by_page = true;
		return 0;
	case OPT_PROCESSOR:
		if (!parse_processor(optarg, &diff->sizes))
			return 0;
		return bad_value(diff->common, "processor", optarg,
				 "970, power5+, power6, power7, power8, power9 or power10");
	case OPT_BRIEF:
		diff->brief = true;
		return 0;
	case OPT_STAT:
		diff->stat = true;
		return 0;
	case OPT_JSON:
		diff->json = true;
		return 0;
	default:
		return filter_option(&comparison->filter, diff->common, code);
	}
}

static int print(void *arg, const struct comparison *comparison, const struct difference *d)
{
	struct diff *diff = arg;
	struct output *out = &diff->out;

	if (diff->brief)
		return 1;
	if (diff->stat)
		return 0;
	if (diff->json) {
		put_char(out, '{');
		json_difference(out, d);
		put_text(out, "}\n");
		return out->error;
	}
	if (!diff->begun) {
		put_difference_heading(out, comparison);
		put_char(out, '\n');
	}
	diff->begun = true;
	put_difference(out, comparison, d);
	put_char(out, '\n');
	return out->error;
}

static void put_total(struct output *out, const char *label, uint64_t count)
{
	char buffer[TEXT_MAX];

	put_left(out, label, 20);
	put_right(out, text_number(buffer, count), 12);
	put_char(out, '\n');
}

/* Totals, and of what changed the fields that did. */
static void put_stat(struct diff *diff)
{
	const struct comparison *c = &diff->comparison;
	struct output *out = &diff->out;

	put_total(out, "entries before", diff->entries[0]);
	put_total(out, "entries after", diff->entries[1]);
	for (unsigned i = 0; i < DIFF_KINDS; i++)
		put_total(out, kind_name((enum difference_kind)i), c->kinds[i]);
	for (unsigned i = 0; i < FIELD_PTEX; i++) {
		if (!c->fields[i])
			continue;
		put_text(out, "  ");
		put_left(out, field_name((enum field)i), 18);
		put_number(out, c->fields[i]);
		put_char(out, '\n');
	}
}

static void json_stat(struct diff *diff)
{
	struct output *out = &diff->out;

	put_char(out, '{');
	json_key(out, "entries_before");
	put_number(out, diff->entries[0]);
	json_field(out, "entries_after", true, diff->entries[1]);
	json_counts(out, &diff->comparison);
	put_text(out, "}\n");
}

struct count {
	const struct comparison *comparison;
	const struct view *view;
	uint64_t n;
};

static int count_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct count *count = arg;
	struct row row;

	for (size_t i = 0; i < n; i++) {
		row_decode(&row, count->view, ptex + i, entries[i]);
		count->n += comparison_wants(count->comparison, &row);
	}
	return 0;
}

static int count_entries(struct diff *diff, struct hpt_error *err)
{
	const struct compared *sides[] = { &diff->comparison.before, &diff->comparison.after };
	int ret = 0;

	for (unsigned i = 0; i < 2 && !ret; i++) {
		struct count count = { &diff->comparison, &sides[i]->view, 0 };

		ret = hpt_table_each(sides[i]->table, 0, UINT64_MAX, count_run, &count, err);
		diff->entries[i] = count.n;
	}
	return ret;
}

static bool differs(const struct diff *diff)
{
	for (unsigned i = 0; i < DIFF_KINDS; i++)
		if (diff->comparison.kinds[i])
			return true;
	return false;
}

static int put_summary(struct diff *diff, struct hpt_error *err)
{
	int ret = 0;

	if (diff->brief && differs(diff)) {
		put_safe(&diff->out, diff->common[0].source);
		put_text(&diff->out, " and ");
		put_safe(&diff->out, diff->common[1].source);
		put_text(&diff->out, " differ\n");
	}
	if (!diff->stat || diff->brief)
		return 0;
	ret = count_entries(diff, err);
	if (ret)
		return ret;
	if (diff->json)
		json_stat(diff);
	else
		put_stat(diff);
	return 0;
}

static int compare(struct diff *diff)
{
	struct comparison *comparison = &diff->comparison;
	struct hpt_error err;
	int closed, ret = output_open(&diff->out, STDOUT_FILENO, "standard output");

	if (ret)
		return ret;
	output_colour(&diff->out, diff->common->colour);
	comparison->found = print;
	comparison->arg = diff;
	ret = comparison_run(comparison, &err);
	if (!ret)
		ret = put_summary(diff, &err);
	if (ret)
		complain("%s", err.text);
	closed = output_close(&diff->out);
	if (ret || closed)
		return EXIT_ERROR;
	return differs(diff) ? EXIT_NO : EXIT_YES;
}

/* Does a stream have as many passes as were asked for? */
static int check_passes(const struct diff *diff, unsigned i)
{
	struct hpt_guest_info info = { .size = sizeof(info) };
	const char *name = diff->common[i].source;

	if (!diff->pass[i])
		return 0;
	if (diff->source[i].guest && hpt_guest_info(diff->source[i].guest, &info, NULL))
		return EXIT_ERROR;
	if (info.kind != HPT_SOURCE_STREAM) {
		complain("%s: only a captured stream has passes for --pass", name);
		return EXIT_ERROR;
	}
	if (info.rounds >= diff->pass[i])
		return 0;
	complain("%s: there is no pass %llu: the stream has %llu", name,
		 (unsigned long long)diff->pass[i], (unsigned long long)info.rounds);
	return EXIT_ERROR;
}

static int open_source(struct diff *diff, unsigned i)
{
	int ret;

	diff->common[i].guest.passes = (uint32_t)diff->pass[i];
	ret = source_need_table(&diff->source[i], &diff->common[i], 0);
	if (ret)
		return EXIT_ERROR;
	return check_passes(diff, i);
}

static int open_sources(struct diff *diff)
{
	struct compared *sides[] = { &diff->comparison.before, &diff->comparison.after };
	struct comparison *comparison = &diff->comparison;
	int ret = 0;

	for (unsigned i = 0; i < 2 && !ret; i++) {
		ret = open_source(diff, i);
		if (ret)
			break;
		sides[i]->table = diff->source[i].table;
		view_init(&sides[i]->view, sides[i]->table, diff->sizes);
	}
	if (ret || comparison->by_page ||
	    comparison->before.view.order == comparison->after.view.order)
		return ret;
	complain(
		"tables of 2^%u and 2^%u bytes have no slots in common: compared by virtual page",
		comparison->before.view.order, comparison->after.view.order);
	comparison->by_page = true;
	return 0;
}

static int diff_sources(struct diff *diff)
{
	int ret = open_sources(diff);

	if (!ret)
		ret = compare(diff);
	source_close(&diff->source[1]);
	source_close(&diff->source[0]);
	return ret;
}

/* One stream, before and after. */
static int one_operand(struct diff *diff)
{
	struct common *common = diff->common;

	if (!diff->n_pass && !common[1].n_then)
		return usage_error(common->command,
				   "%s is compared with what? Two SOURCEs are "
				   "needed, or --pass or --then",
				   common->source);
	if (strcmp(common->source, "-") == 0)
		return usage_error(common->command,
				   "standard input (-) can be read only once");
	common[1].source = common->source;
	return 0;
}

static int operands(struct diff *diff, int argc, char **argv)
{
	struct common *common = diff->common;
	int ret = options_source(common, argc, argv);

	if (ret)
		return ret;
	if (optind == argc) {
		ret = one_operand(diff);
		if (ret)
			return ret;
		optind--;
	}
	ret = options_source(&common[1], argc, argv);
	if (ret)
		return ret;
	if (optind < argc)
		return usage_error(common->command, "two SOURCEs at a time: what of '%s'?",
				   argv[optind]);
	for (size_t i = 0; strcmp(common->source, "-") == 0 && i < common[1].n_then; i++)
		if (strcmp(common[1].then[i], "-") == 0)
			return usage_error(common->command,
					   "standard input (-) can be read only once");
	if (!strcmp(common->source, "-") && !strcmp(common[1].source, "-"))
		return usage_error(common->command,
				   "standard input (-) can be read only once");
	return 0;
}

static int diff_main(const struct command *self, int argc, char **argv)
{
	struct diff diff = { .sizes = hpt_page_sizes_of(HPT_CPU_POWER8) };
	int code = OPT_BAD, ret = EXIT_ERROR;

	diff.comparison.ptex.last = UINT64_MAX;
	if (!options_begin(&diff.common[1], self, argc) &&
	    !options_begin(&diff.common[0], self, argc)) {
		diff.common[0].second = &diff.common[1];
		diff.common[1].second = &diff.common[0];
		while ((code = options_next(diff.common, argc, argv)) != OPT_END)
			if (code == OPT_BAD || set_option(&diff, code))
				break;
	}
	if (code == OPT_END && diff.common->help)
		ret = output_text(diff_help);
	else if (code == OPT_END)
		ret = operands(&diff, argc, argv);
	if (code == OPT_END && !ret && !diff.common->help)
		ret = diff_sources(&diff);
	free(diff.common[0].then);
	free(diff.common[1].then);
	return ret;
}

const struct command diff_command = {
	.name = "diff",
	.summary = "what changed from one table to another",
	.help = diff_help,
	.options = diff_options,
	.short_options = ":hq",
	.run = diff_main,
};
