/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "info.h"

/* hpt info: what a source is. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option info_options[] = {
	SOURCE_OPTIONS,
	COLOR_OPTION,
	{ "json", no_argument, NULL, OPT_JSON },
	{ "xml", no_argument, NULL, OPT_XML },
	{ NULL, 0, NULL, 0 },
};

static const char info_help[] =
	"Usage: hpt info [OPTION]... SOURCE\n"
	"Say what SOURCE is, and what is known of the guest and its table.\n"
	"\n"
	"      --json            one JSON object\n"
	"      --xml             the domain's XML alone, of what libvirt saved\n" COLOR_HELP
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
	known->container = known->container_details = "";
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

/*
 * As it is, but for what XML does not allow and a terminal would obey: control characters, of
 * one byte or, in UTF-8, of two.
 */
static void put_xml(struct output *out, const char *xml, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)xml[i];
		bool control = (c < 0x20 && !strchr("\t\n\r", c)) || c == 0x7f;

		if (i && (unsigned char)xml[i - 1] == 0xc2 && c >= 0x80 && c < 0xa0)
			control = true;
		put_char(out, control ? '?' : xml[i]);
	}
	if (xml[len - 1] != '\n')
		put_char(out, '\n');
}

/* The domain, whatever the table is. */
static int info_xml(const struct common *common)
{
	struct source source;
	struct hpt_error err;
	struct output out;
	const char *xml;
	size_t len;
	int ret = source_open(&source, common, HPT_GUEST_GUESS_ORDER);

	if (ret)
		return ret;
	if (!source.guest || hpt_guest_xml(source.guest, &xml, &len, &err)) {
		complain("%s: %s", common->source,
			 source.guest ? err.text : "a RAM image has no XML");
		ret = EXIT_NO;
	} else if (output_open(&out, STDOUT_FILENO, "standard output")) {
		ret = EXIT_ERROR;
	} else {
		put_xml(&out, xml, len);
		ret = output_close(&out);
	}
	source_close(&source);
	return ret;
}

static int info_source(const struct common *common, bool json)
{
	struct info info = { .name = common->source };
	struct source source;
	int ret = source_open(&source, common, 
			      HPT_GUEST_WHOLE | HPT_GUEST_GUESS_ORDER | HPT_GUEST_LIST);

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
	bool json = false, xml = false;
	int code, ret;

	if (options_begin(&common, self, argc))
		return EXIT_ERROR;
	while ((code = options_next(&common, argc, argv)) == OPT_JSON || code == OPT_XML)
		*(code == OPT_XML ? &xml : &json) = true;
	if (code != OPT_END)
		ret = EXIT_ERROR;
	else if (common.help)
		ret = output_text(info_help);
	else
		ret = options_end(&common, argc, argv);
	if (!ret && !common.help && xml && json)
		ret = usage_error(self, "--json and --xml exclude each other");
	else if (!ret && !common.help)
		ret = xml ? info_xml(&common) : info_source(&common, json);
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
