/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "convert.h"
#include "newfile.h"
#include "sandbox.h"

/* hpt convert: the table, written in another form. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option convert_options[] = {
	SOURCE_OPTIONS,
	{ "to", required_argument, NULL, OPT_TO },
	{ "output", required_argument, NULL, OPT_OUTPUT },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ NULL, 0, NULL, 0 },
};

static const char convert_help[] =
	"Usage: hpt convert [OPTION]... SOURCE -o FILE --to FORM\n"
	"Write the table of SOURCE in another form.\n"
	"\n"
	"      --to FORM         kvm-le, kvm-be: the HTAB stream of a KVM host of that byte\n"
	"                        order; qemu: of QEMU's section spapr/htab, with its end\n"
	"                        marker; image: flat, as in memory, with holes where invalid\n"
	"  -o, --output FILE     - is standard output, not a terminal. FILE appears when it\n"
	"                        is complete, or not at all\n"
	"  -f, --force           replace FILE if it exists\n"
	"  -h, --help            this text\n"
	"\n" SOURCE_HELP;

struct convert {
	struct common common;
	const char *output;
	const char *to;
	enum hpt_dialect dialect; /* HPT_DIALECT_DETECT: a flat image */
	bool force;
};

static int set_form(struct convert *convert)
{
	convert->to = optarg;
	convert->dialect = HPT_DIALECT_DETECT;
	if (strcmp(optarg, "image") == 0 || !parse_dialect(optarg, &convert->dialect))
		return 0;
	return bad_value(&convert->common, "to", optarg, "kvm-le, kvm-be, qemu or image");
}

static int write_table(const struct convert *convert, const struct hpt_table *table,
		       bool sparse, struct output *out)
{
	struct progress progress;
	int ret;

	progress_begin(&progress, "writing");
	if (convert->dialect == HPT_DIALECT_DETECT)
		ret = write_image(table, sparse, out, &progress);
	else
		ret = write_stream(table, convert->dialect, out, &progress);
	progress_end(&progress);
	return ret;
}

/* Open the source and write its table; the output is closed in any case. */
static int write_source(const struct convert *convert, bool sparse, struct output *out,
			struct newfile *file)
{
	struct source source;
	int ret = source_need_table(&source, &convert->common, 0);
	int closed;

	if (!ret) {
		ret = write_table(convert, source.table, sparse, out);
		source_close(&source);
	}
	if (!ret && output_flush(out) && file)
		ret = newfile_commit(file, out->fd);
	closed = output_close(out);
	return ret ? ret : closed;
}

static int to_standard_output(const struct convert *convert)
{
	struct output out;

	if (isatty(STDOUT_FILENO))
		return usage_error(convert->common.command,
				   "-o -: the result is binary: not to a terminal");
	if (output_open(&out, STDOUT_FILENO, "standard output"))
		return EXIT_ERROR;
	sandbox_enter(NULL);
	return write_source(convert, false, &out, NULL);
}

/* The file is made first: that it cannot be is told before a long source is read. */
static int to_file(const struct convert *convert)
{
	struct newfile file;
	struct output out;
	int fd = -1;
	int ret = newfile_open(&file, convert->output, convert->force, &fd);

	if (ret)
		return ret;
	sandbox_enter(file.directory);
	ret = output_open(&out, fd, convert->output);
	if (!ret)
		ret = write_source(convert, true, &out, &file);
	newfile_discard(&file);
	return ret;
}

static int convert_source(const struct convert *convert)
{
	return strcmp(convert->output, "-") ? to_file(convert) : to_standard_output(convert);
}

static int set_option(struct convert *convert, int code)
{
	if (code == OPT_TO)
		return set_form(convert);
	if (code == OPT_OUTPUT)
		convert->output = optarg;
	else
		convert->force = true;
	return 0;
}

static int convert_check(struct convert *convert, int argc, char **argv)
{
	int ret = options_end(&convert->common, argc, argv);

	if (ret)
		return ret;
	if (!convert->output)
		return usage_error(convert->common.command, "-o FILE is missing");
	if (!convert->to)
		return usage_error(convert->common.command,
				   "--to is missing: kvm-le, kvm-be, qemu or image");
	return 0;
}

static int convert_main(const struct command *self, int argc, char **argv)
{
	struct convert convert = { .output = NULL };
	int code, ret;

	if (options_begin(&convert.common, self, argc))
		return EXIT_ERROR;
	while ((code = options_next(&convert.common, argc, argv)) != OPT_END)
		if (code == OPT_BAD || set_option(&convert, code))
			break;
	if (code != OPT_END)
		ret = EXIT_ERROR;
	else if (convert.common.help)
		ret = output_text(convert_help);
	else
		ret = convert_check(&convert, argc, argv);
	if (!ret && !convert.common.help)
		ret = convert_source(&convert);
	free(convert.common.then);
	return ret;
}

const struct command convert_command = {
	.name = "convert",
	.summary = "write it in another form",
	.help = convert_help,
	.options = convert_options,
	.short_options = ":ho:f",
	.late = true,
	.run = convert_main,
};
