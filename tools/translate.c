/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "translate.h"

/* hpt translate: effective addresses in, real addresses out, or why not. */

#include <stdlib.h>
#include <unistd.h>

static const struct option translate_options[] = {
	SOURCE_OPTIONS,       COLOR_OPTION,   CPU_OPTIONS,
	LINUX_OPTIONS,        ACCESS_OPTIONS, { "json", no_argument, NULL, OPT_JSON },
	{ NULL, 0, NULL, 0 },
};

static const char translate_help[] =
	"Usage: hpt translate [OPTION]... SOURCE EA...\n"
	"       hpt translate [OPTION]... SOURCE -\n"
	"Translate effective addresses as a vCPU would; with - those on standard input, one\n"
	"a line.\n"
	"\n" CPU_HELP LINUX_HELP "\n" ACCESS_HELP "\n"
	"      --json            one JSON object a line\n" COLOR_HELP
	"  -h, --help            this text\n"
	"\n"
	"Columns: effective address, real address, what the vCPU may do there (rwx), size of\n"
	"the page (base/actual where they differ), ptex of its entry, outcome; and of a fault\n"
	"the interrupt, with what it leaves in DAR and DSISR, or in SRR1.\n"
	"\n" SOURCE_HELP "\n"
	"Exit status: 0 all are mapped, 1 some are not, or there is no table, 2 an error.\n";

struct translate {
	struct asking asking;
	bool json;
	struct machine machine;
	struct output out;
	bool missed; /* an address was not mapped */
	struct hpt_translation answers[BATCH];
};

static int translate_batch(struct translate *translate, const uint64_t *ea, size_t n)
{
	const struct machine *machine = &translate->machine;
	answer_fn *put = translate->json ? answer_json : answer_text;
	struct hpt_error err;

	translate->answers[0].size = sizeof(translate->answers[0]);
	if (hpt_translate_many(&machine->vcpu.mmu, machine->source.table, ea, n,
			       machine->access, machine->flags, translate->answers, &err)) {
		if (err.has & HPT_ERROR_HAS_ADDRESS)
			complain("0x%llx: %s", (unsigned long long)err.address, err.text);
		else
			complain("%s", err.text);
		return EXIT_ERROR;
	}
	for (size_t i = 0; i < n; i++) {
		translate->missed |= translate->answers[i].outcome != HPT_OUTCOME_MAPPED;
		put(&translate->out, &translate->answers[i]);
	}
	return 0;
}

static int translate_operands(struct translate *translate, int n, char **words)
{
	for (int i = 0; i < n; i++) {
		uint64_t ea;
		int ret = parse_number(words[i], &ea);

		if (!ret)
			ret = translate_batch(translate, &ea, 1);
		if (ret)
			return EXIT_ERROR;
	}
	return 0;
}

/* Answers go out when there is nothing more to read, so that a program can ask and wait. */
static int translate_input(struct translate *translate)
{
	struct addresses addresses;
	uint64_t ea[BATCH];
	size_t n;
	int more, ret = addresses_open(&addresses, STDIN_FILENO);

	if (ret)
		return ret;
	do {
		more = addresses_next(&addresses, ea, &n);
		ret = n ? translate_batch(translate, ea, n) : 0;
		if (addresses.waited && n < BATCH)
			output_flush(&translate->out);
	} while (!ret && more > 0 && !translate->out.error);
	addresses_close(&addresses);
	return more < 0 ? EXIT_ERROR : ret;
}

/* Addresses are checked before a long source is read. */
static int check_operands(const struct translate *translate, int n, char **words)
{
	const struct common *common = &translate->asking.common;
	bool input = n == 1 && strcmp(words[0], "-") == 0;

	if (n < 1)
		return usage_error(common->command, "no address was given");
	if (input && strcmp(common->source, "-") == 0)
		return usage_error(common->command,
				   "standard input (-) can be read only once");
	for (int i = 0; i < n && !input; i++) {
		uint64_t ea;

		if (parse_number(words[i], &ea))
			return usage_error(common->command,
					   "'%s' is not an address: expected a number, "
					   "decimal or hexadecimal after 0x",
					   words[i]);
	}
	return 0;
}

static int translate_all(struct translate *translate, int n, char **words)
{
	int ret = output_open(&translate->out, STDOUT_FILENO, "standard output");
	int closed;

	if (ret)
		return ret;
	output_colour(&translate->out, translate->asking.common.colour);
	if (strcmp(words[0], "-") == 0)
		ret = translate_input(translate);
	else
		ret = translate_operands(translate, n, words);
	closed = output_close(&translate->out);
	if (ret || closed)
		return ret ? ret : closed;
	return translate->missed ? EXIT_NO : 0;
}

static int translate_source(struct translate *translate, int argc, char **argv)
{
	int ret = options_source(&translate->asking.common, argc, argv);

	if (!ret)
		ret = check_operands(translate, argc - optind, argv + optind);
	if (!ret)
		ret = machine_open(&translate->machine, &translate->asking, HPT_GUEST_MEMORY,
				   true);
	if (ret)
		return ret;
	ret = machine_look(&translate->machine, &translate->asking);
	if (!ret)
		ret = translate_all(translate, argc - optind, argv + optind);
	machine_close(&translate->machine);
	return ret;
}

static int translate_run(struct translate *translate, const struct command *self, int argc,
			 char **argv)
{
	int code, ret;

	if (asking_begin(&translate->asking, self, argc))
		return EXIT_ERROR;
	while ((code = options_next(&translate->asking.common, argc, argv)) != OPT_END) {
		if (code == OPT_JSON)
			translate->json = true;
		else if (code == OPT_BAD || asking_option(&translate->asking, code))
			break;
	}
	if (code != OPT_END)
		ret = EXIT_ERROR;
	else if (translate->asking.common.help)
		ret = output_text(translate_help);
	else
		ret = translate_source(translate, argc, argv);
	asking_end(&translate->asking);
	return ret;
}

static int translate_main(const struct command *self, int argc, char **argv)
{
	struct translate *translate = calloc(1, sizeof(*translate));
	int ret;

	if (!translate) {
		complain("no memory");
		return EXIT_ERROR;
	}
	ret = translate_run(translate, self, argc, argv);
	free(translate);
	return ret;
}

const struct command translate_command = {
	.name = "translate",
	.summary = "effective addresses to real ones",
	.help = translate_help,
	.options = translate_options,
	.short_options = ":h",
	.run = translate_main,
};
