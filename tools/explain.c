/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "explain.h"

/* hpt explain: one address, and the whole walk. */

#include <stdlib.h>
#include <unistd.h>

static const struct option explain_options[] = {
	SOURCE_OPTIONS,       COLOR_OPTION,   CPU_OPTIONS,
	LINUX_OPTIONS,        ACCESS_OPTIONS, { "json", no_argument, NULL, OPT_JSON },
	{ NULL, 0, NULL, 0 },
};

static const char explain_help[] =
	"Usage: hpt explain [OPTION]... SOURCE EA\n"
	"Tell how an effective address is translated, step by step: segment, hash, both\n"
	"groups with why each entry matched or did not, protection, outcome.\n"
	"\n" CPU_HELP LINUX_HELP "\n" ACCESS_HELP "\n"
	"      --json            one JSON object\n" COLOR_HELP
	"  -h, --help            this text\n"
	"\n" SOURCE_HELP "\n"
	"Exit status: 0 it is mapped, 1 it is not, or there is no table, 2 an error.\n";

struct explain {
	struct asking asking;
	bool json;
	uint64_t ea;
	struct machine machine;
	struct told told;
};

const char *segment_reason(enum hpt_segment_reason reason)
{
	static const char *const words[] = {
		[HPT_SEGMENT_MATCH] = "match",
		[HPT_SEGMENT_DUPLICATE] = "duplicate",
		[HPT_SEGMENT_INVALID] = "invalid",
		[HPT_SEGMENT_RESERVED] = "reserved segment size",
		[HPT_SEGMENT_ESID] = "other ESID",
	};

	return words[reason];
}

const char *slot_reason(enum hpt_slot_reason reason)
{
	static const char *const words[] = {
		[HPT_SLOT_MATCH] = "match",
		[HPT_SLOT_DUPLICATE] = "duplicate",
		[HPT_SLOT_INVALID] = "invalid",
		[HPT_SLOT_SEGMENT_SIZE] = "other segment size",
		[HPT_SLOT_AVPN] = "other AVPN",
		[HPT_SLOT_HASH] = "other hash",
		[HPT_SLOT_PAGE_SIZE] = "illegal page size",
	};

	return words[reason];
}

int explain_walk(struct told *told, const struct machine *machine, uint64_t ea,
		 struct hpt_error *err)
{
	const struct hpt_table *table = machine->source.table;

	told->machine = machine;
	told->ea = ea;
	told->order = table ? hpt_table_order(table) : 0;
	told->ptex_digits = (told->order - HPT_ENTRY_SHIFT + 3) / 4;
	told->walk.size = sizeof(told->walk);
	return hpt_explain(&machine->vcpu.mmu, table, ea, machine->access, machine->flags,
			   &told->walk, err);
}

static int explain_ask(struct explain *explain)
{
	struct hpt_error err;

	if (!explain_walk(&explain->told, &explain->machine, explain->ea, &err))
		return 0;
	complain("0x%llx: %s", (unsigned long long)explain->ea, err.text);
	return EXIT_ERROR;
}

static int explain_print(const struct explain *explain)
{
	struct output out;
	int ret = output_open(&out, STDOUT_FILENO, "standard output");

	if (ret)
		return ret;
	output_colour(&out, explain->asking.common.colour);
	if (explain->json)
		explain_json(&out, &explain->told);
	else
		explain_text(&out, &explain->told);
	ret = output_close(&out);
	if (ret)
		return ret;
	return explain->told.walk.translation.outcome == HPT_OUTCOME_MAPPED ? 0 : EXIT_NO;
}

static int explain_operands(struct explain *explain, int argc, char **argv)
{
	struct common *common = &explain->asking.common;
	int ret = options_source(common, argc, argv);

	if (ret)
		return ret;
	if (optind >= argc)
		return usage_error(common->command, "no address was given");
	if (optind + 1 < argc)
		return usage_error(common->command, "one address at a time: what of '%s'?",
				   argv[optind + 1]);
	if (parse_number(argv[optind], &explain->ea))
		return usage_error(common->command,
				   "'%s' is not an address: expected a number, decimal or "
				   "hexadecimal after 0x",
				   argv[optind]);
	return 0;
}

static int explain_source(struct explain *explain, int argc, char **argv)
{
	int ret = explain_operands(explain, argc, argv);

	if (!ret)
		ret = machine_open(&explain->machine, &explain->asking, HPT_GUEST_MEMORY,
				   true);
	if (ret)
		return ret;
	ret = machine_look(&explain->machine, &explain->asking);
	if (!ret)
		ret = explain_ask(explain);
	if (!ret)
		ret = explain_print(explain);
	machine_close(&explain->machine);
	return ret;
}

static int explain_main(const struct command *self, int argc, char **argv)
{
	struct explain explain = { .json = false };
	int code, ret;

	if (asking_begin(&explain.asking, self, argc))
		return EXIT_ERROR;
	while ((code = options_next(&explain.asking.common, argc, argv)) != OPT_END) {
		if (code == OPT_JSON)
			explain.json = true;
		else if (code == OPT_BAD || asking_option(&explain.asking, code))
			break;
	}
	if (code != OPT_END)
		ret = EXIT_ERROR;
	else if (explain.asking.common.help)
		ret = output_text(explain_help);
	else
		ret = explain_source(&explain, argc, argv);
	asking_end(&explain.asking);
	return ret;
}

const struct command explain_command = {
	.name = "explain",
	.summary = "how an address is translated, step by step",
	.help = explain_help,
	.options = explain_options,
	.short_options = ":h",
	.run = explain_main,
};
