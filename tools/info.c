/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "info.h"

/* hpt info: what a source is. */

#include <stdlib.h>
#include <unistd.h>

static const struct option info_options[] = {
	SOURCE_OPTIONS,
	COLOR_OPTION,
	{ "json", no_argument, NULL, OPT_JSON },
	{ NULL, 0, NULL, 0 },
};

static const char info_help[] =
	"Usage: hpt info [OPTION]... SOURCE\n"
	"Say what SOURCE is, and what is known of the guest and its table.\n"
	"\n"
	"      --json            one JSON object\n" COLOR_HELP
	"  -h, --help            this text\n"
	"\n" SOURCE_HELP "\n"
	"Exit status: 0 there is a hashed page table, 1 there is none, 2 an error.\n";

static int count(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct info *info = arg;

	(void)ptex;
	(void)entries;
	info->valid += n;
	return 0;
}

/* Of a RAM image little is known but its table. */
static int ram_info(struct hpt_guest_info *known, const struct source *source)
{
	known->compression = known->machine = known->run_state = "";
	known->mmu = HPT_GUEST_MMU_OWN;
	known->order = source->table ? hpt_table_order(source->table) : 0;
	known->vcpus = HPT_GUEST_VCPUS_UNKNOWN;
	known->file_bytes = source->ram.len;
	known->ram_bytes = source->ram.len;
	return 0;
}

static int info_collect(struct info *info, const struct source *source)
{
	struct hpt_error err;
	int ret;

	info->guest = source->guest;
	info->known.size = sizeof(info->known);
	ret = source->guest ? hpt_guest_info(source->guest, &info->known, &err) :
			      ram_info(&info->known, source);
	if (!ret && source->table)
		ret = hpt_table_each(source->table, 0, UINT64_MAX, count, info, &err);
	if (ret) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	info->slots = source->table ? hpt_table_entries(source->table) : 0;
	if (source->table)
		info->known.order = hpt_table_order(source->table);
	info->no_table = source->table ? NULL : source_reason(source);
	return 0;
}

static int info_print(const struct info *info, const struct common *common, bool json)
{
	struct output out;

	if (output_open(&out, STDOUT_FILENO, "standard output"))
		return EXIT_ERROR;
	output_colour(&out, common->colour);
	if (json)
		info_json(&out, info);
	else
		info_text(&out, info);
	return output_close(&out);
}

static int info_source(const struct common *common, bool json)
{
	struct info info = { .name = common->source };
	struct source source;
	int ret = source_open(&source, common, HPT_GUEST_WHOLE | HPT_GUEST_GUESS_ORDER);

	if (ret)
		return ret;
	ret = info_collect(&info, &source);
	if (!ret)
		ret = info_print(&info, common, json);
	if (!ret && !source.table)
		ret = EXIT_NO;
	source_close(&source);
	return ret;
}

static int info_main(const struct command *self, int argc, char **argv)
{
	struct common common;
	bool json = false;
	int code, ret;

	if (options_begin(&common, self, argc))
		return EXIT_ERROR;
	while ((code = options_next(&common, argc, argv)) == OPT_JSON)
		json = true;
	if (code != OPT_END)
		ret = EXIT_ERROR;
	else if (common.help)
		ret = output_text(info_help);
	else
		ret = options_end(&common, argc, argv);
	if (!ret && !common.help)
		ret = info_source(&common, json);
	free(common.then);
	return ret;
}

const struct command info_command = {
	.name = "info",
	.summary = "say what a source is",
	.help = info_help,
	.options = info_options,
	.short_options = ":h",
	.run = info_main,
};
