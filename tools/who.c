/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "machine.h"
#include "who.h"

/* hpt who: the entries that map a real address. */

#include <stdlib.h>
#include <unistd.h>

static const struct option who_options[] = {
	SOURCE_OPTIONS,
	COLOR_OPTION,
	CPU_OPTIONS,
	LINUX_OPTIONS,
	{ "exact", no_argument, NULL, OPT_EXACT },
	{ "json", no_argument, NULL, OPT_JSON },
	{ NULL, 0, NULL, 0 },
};

static const char who_help[] =
	"Usage: hpt who [OPTION]... SOURCE RA\n"
	"       hpt who [OPTION]... SOURCE RA-RB\n"
	"Show every entry that maps a real address, or one of a range, with its virtual\n"
	"address; of a Linux guest with context and effective address, too. Linux is known by\n"
	"its segments and its linear mapping.\n"
	"\n"
	"      --exact           not those that hardware finds only from another address of\n"
	"                        their page (marked !base): a page larger than the base\n"
	"                        pages of its segment may have an entry for each of these\n"
	"      --linux[=CONTEXT] insist on Linux: an error if that is not seen; with any\n"
	"                        CONTEXT it is taken as given\n"
	"      --linux-pages N   the kernel's PAGE_SIZE, 4K or 64K, where nothing tells it\n"
	"      --json            one JSON object a line\n"
	"      --processor NAME  page sizes of a 970, power5+, power6, power7, power8,\n"
	"                        power9 or power10, if the source does not say\n"
	"      --cpu N, --registers FILE, --slb FILE\n"
	"                        the vCPU by whose SLB Linux is known\n" COLOR_HELP
	"  -h, --help            this text\n"
	"\n"
	"Columns: ra (the first in question), va (virtual address of that byte), base/page,\n"
	"ptex, hash, pp, key, WIMG, NRCB as in 'hpt dump'; context and ea.\n"
	"\n" SOURCE_HELP "\n"
	"Exit status: 0 there is one, 1 there is none, or no table, 2 an error.\n";

struct asked {
	struct asking asking;
	struct machine machine;
	struct who who;
	struct output out;
};

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static bool overlaps(const struct range *range, uint64_t first, uint64_t last)
{
	return first <= range->last && last >= range->first;
}

/*
 * Which byte of the page is meant. An entry stands in the group of one base page: where the
 * question has a byte of that, this one; else the first byte of the page that it has.
 */
static void place(struct owner *owner, const struct range *range)
{
	const struct row *row = &owner->row;
	uint64_t page_mask = (UINT64_C(1) << row->page.actual_shift) - 1;
	uint64_t base_mask = (UINT64_C(1) << row->page.base_shift) - 1;
	uint64_t own = row->ra + (row->va.offset & page_mask & ~base_mask);

	owner->found_there = row->has_va && overlaps(range, own, own + base_mask);
	owner->ra = larger(range->first, owner->found_there ? own : row->ra);
	owner->va = row->va;
	owner->va.offset = (row->va.offset & ~page_mask) | (owner->ra - row->ra);
}

static bool take(struct who *who, uint64_t ptex, struct hpt_entry entry)
{
	struct owner *owner = &who->owner;
	struct row *row = &owner->row;

	row_decode(row, &who->view, ptex, entry);
	if (!row->has_page ||
	    !overlaps(&who->range, row->ra,
		      row->ra + ((UINT64_C(1) << row->page.actual_shift) - 1)))
		return false;
	place(owner, &who->range);
	if (who->exact && !owner->found_there)
		return false;
	owner->has_ea =
		who->with_linux && row->has_va &&
		!hpt_linux_ea(&who->rule, &owner->va, &owner->context, &owner->ea, NULL);
	return true;
}

static int who_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct who *who = arg;

	for (size_t i = 0; i < n; i++) {
		if (!take(who, ptex + i, entries[i]))
			continue;
		if (!who->n++ && who->form->begin)
			who->form->begin(who->out, &who->view, who->with_linux);
		who->form->owner(who->out, &who->view, &who->owner, who->with_linux);
		if (who->out->error)
			return 1;
	}
	return 0;
}

int who_look(struct who *who, const struct machine *machine, struct output *out,
	     struct hpt_error *err)
{
	const struct hpt_table *table = machine->source.table;

	who->out = out;
	who->n = 0;
	view_init(&who->view, table, machine->vcpu.mmu.sizes);
	return hpt_table_each(table, 0, UINT64_MAX, who_run, who, err);
}

static int find_linux(struct asked *asked)
{
	struct who *who = &asked->who;

	if (asked->asking.use_linux) {
		who->with_linux = true;
		return machine_need_linux(&asked->machine, &asked->asking, &who->rule);
	}
	who->with_linux = machine_linux(&asked->machine, asked->asking.page_shift, &who->rule);
	return 0;
}

static int who_print(struct asked *asked)
{
	struct hpt_error err;
	int closed, ret = output_open(&asked->out, STDOUT_FILENO, "standard output");

	if (ret)
		return ret;
	output_colour(&asked->out, asked->asking.common.colour);
	ret = who_look(&asked->who, &asked->machine, &asked->out, &err);
	if (ret && ret != HPT_ERR_STOPPED)
		complain("%s", err.text);
	closed = output_close(&asked->out);
	if (closed || (ret && ret != HPT_ERR_STOPPED))
		return EXIT_ERROR;
	return asked->who.n ? 0 : EXIT_NO;
}

static int who_operands(struct asked *asked, int argc, char **argv)
{
	const struct command *command = asked->asking.common.command;
	int ret = options_source(&asked->asking.common, argc, argv);

	if (ret)
		return ret;
	if (optind >= argc)
		return usage_error(command, "no real address was given");
	if (optind + 1 < argc)
		return usage_error(command, "one address or range at a time: what of '%s'?",
				   argv[optind + 1]);
	if (parse_range(argv[optind], &asked->who.range))
		return usage_error(command,
				   "'%s' is not an address or a range: A, A-B, A- or A+N",
				   argv[optind]);
	return 0;
}

static int who_source(struct asked *asked, int argc, char **argv)
{
	int ret = who_operands(asked, argc, argv);

	if (!ret)
		ret = machine_open(&asked->machine, &asked->asking, HPT_GUEST_WHOLE, true);
	if (ret)
		return ret;
	ret = find_linux(asked);
	if (!ret)
		ret = who_print(asked);
	machine_close(&asked->machine);
	return ret;
}

static int set_option(struct asked *asked, int code)
{
	if (code == OPT_JSON)
		asked->who.form = &owner_json;
	else if (code == OPT_EXACT)
		asked->who.exact = true;
	else
		return asking_option(&asked->asking, code);
	return 0;
}

static int who_main(const struct command *self, int argc, char **argv)
{
	struct asked asked = { .who.form = &owner_text };
	int code, ret;

	if (asking_begin(&asked.asking, self, argc))
		return EXIT_ERROR;
	while ((code = options_next(&asked.asking.common, argc, argv)) != OPT_END)
		if (code == OPT_BAD || set_option(&asked, code))
			break;
	if (code != OPT_END)
		ret = EXIT_ERROR;
	else if (asked.asking.common.help)
		ret = output_text(who_help);
	else
		ret = who_source(&asked, argc, argv);
	asking_end(&asked.asking);
	return ret;
}

const struct command who_command = {
	.name = "who",
	.summary = "which entries map a real address",
	.help = who_help,
	.options = who_options,
	.short_options = ":h",
	.run = who_main,
};
