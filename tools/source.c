/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "source.h"

/* Opening what the operand and the options name. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int step(void *arg, uint64_t done, uint64_t total)
{
	progress_step(arg, done, total);
	return 0;
}

/* An error of the library: with its place, and the option that would help where one does. */
static int report(const struct hpt_error *err, const struct common *common)
{
	const char *hint = "";
	char place[64] = "";

	if (err->code == HPT_ERR_ORDER && strstr(err->text, "cannot be told"))
		hint = " (--order can say it)";
	else if (err->code == HPT_ERR_BYTE_ORDER)
		hint = " (--dialect can say it)";
	else if (err->code == HPT_ERR_FORM && strstr(err->text, "say the form"))
		hint = " (--form can say it)";
	else if (err->code == HPT_ERR_FORMAT && !common->guest.kind && !is_running(common))
		hint = " (--kind can say what it is)";
	if ((err->has & HPT_ERROR_HAS_OFFSET) && !strstr(err->text, "offset"))
		(void)snprintf(place, sizeof(place), ", at offset 0x%llx",
			       (unsigned long long)err->offset);
	complain("%s%s%s", err->text, place, hint);
	return EXIT_ERROR;
}

static int open_guest(struct source *source, const char *path,
		      const struct hpt_guest_options *options, struct hpt_error *err)
{
	if (strcmp(path, "-") == 0)
		return hpt_guest_open_fd(STDIN_FILENO, "standard input", options,
					 &source->guest, err);
	return hpt_guest_open(path, options, &source->guest, err);
}

static int apply_passes(struct source *source, const struct common *common,
			struct hpt_error *err)
{
	for (size_t i = 0; i < common->n_then; i++) {
		const char *path = common->then[i];
		int ret;

		if (strcmp(path, "-") == 0)
			path = "/dev/stdin";
		ret = hpt_guest_apply(source->guest, path, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int open_passes(struct source *source, const struct common *common, const char *path,
		       uint32_t flags, struct hpt_error *err)
{
	struct hpt_guest_options options = common->guest;
	struct progress progress;
	int ret;

	progress_begin(&progress, "reading");
	options.flags |= flags;
	options.progress = step;
	options.arg = &progress;
	ret = open_guest(source, path, &options, err);
	if (!ret)
		ret = apply_passes(source, common, err);
	progress_end(&progress);
	return ret;
}

/* The table in a machine's memory, by SDR1 or PTCR. */
static int open_ram_table(struct source *source, const struct common *common,
			  const struct hpt_memory_ops *ops, void *ctx, struct hpt_error *err)
{
	struct hpt_memory_options options = { .size = sizeof(options),
					      .flags = HPT_MEMORY_READ_ONLY };
	struct hpt_table_origin origin = { .size = sizeof(origin) };
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	int ret = hpt_cpu_init(&cpu, common->has_ptcr ? HPT_CPU_POWER9 : HPT_CPU_POWER8,
			       HPT_PLATFORM_BARE, err);

	cpu.sdr1 = common->sdr1;
	cpu.ptcr = common->ptcr;
	cpu.lpid = common->lpid;
	if (!ret)
		ret = hpt_table_origin(&cpu, ops, ctx, &origin, err);
	if (!ret)
		ret = hpt_find_table(&cpu, ops, ctx, &options, &source->table, err);
	source->pate0 = origin.pate0;
	return ret;
}

static int open_ram(struct source *source, const struct common *common, const char *path,
		    struct hpt_error *err)
{
	int ret;

	if (!common->has_sdr1 && !common->has_ptcr)
		return usage_error(common->command,
				   "--kind ram needs --sdr1 or --ptcr: where is its table?");
	ret = ram_open(&source->ram, path);
	if (ret)
		return ret;
	return open_ram_table(source, common, &ram_ops, &source->ram, err);
}

int source_open_path(struct source *source, const struct common *common, const char *path,
		     uint32_t flags, struct hpt_error *err)
{
	if (common->ram)
		return open_ram(source, common, path, err);
	return open_passes(source, common, path, flags, err);
}

/* A file, whatever its name looks like. */
static int open_file(struct source *source, const struct common *common, const char *rest,
		     uint32_t flags, struct hpt_error *err)
{
	return source_open_path(source, common, strcmp(rest, "-") ? rest : "./-", flags, err);
}

/* What is not said by a path alone. */
static const struct source_prefix prefixes[] = {
	{ "file:", open_file },
	{ "debugfs:", open_debugfs },
	{ "qmp:", open_qmp },
};

static int open_named(struct source *source, const struct common *common, uint32_t flags,
		      struct hpt_error *err)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t len = strlen(prefixes[i].prefix);

		if (strncmp(common->source, prefixes[i].prefix, len) == 0)
			return prefixes[i].open(source, common, common->source + len, flags,
						err);
	}
	return source_open_path(source, common, common->source, flags, err);
}

/*
 * What a table of the wrong order says is wrong: virtual addresses, and that nothing maps an
 * address. Said once, unless the command shows it itself, as with HPT_GUEST_GUESS_ORDER.
 */
static void warn_of_order(const struct source *source, uint32_t flags)
{
	struct hpt_guest_info info = { .size = sizeof(info) };

	if (!source->guest || flags & HPT_GUEST_GUESS_ORDER ||
	    hpt_guest_info(source->guest, &info, NULL) || info.kind != HPT_SOURCE_LISTING ||
	    !info.order_guessed)
		return;
	complain("%s (--order says it)", hpt_guest_warning(source->guest, 0));
}

/* Of a dump, by what the options say. */
static int open_dump_table(struct source *source, const struct common *common,
			   struct hpt_error *err)
{
	const struct hpt_memory_ops *ops;
	void *ctx;
	int ret = hpt_guest_memory(source->guest, &ops, &ctx, err);

	if (!ret)
		ret = open_ram_table(source, common, ops, ctx, err);
	source->own = source->table;
	return ret;
}

static bool is_dump(const struct source *source)
{
	struct hpt_guest_info info = { .size = sizeof(info) };

	return source->guest && !hpt_guest_info(source->guest, &info, NULL) &&
	       (info.kind == HPT_SOURCE_CORE || info.kind == HPT_SOURCE_KDUMP);
}

static int open_table(struct source *source, const struct common *common,
		      struct hpt_error *err)
{
	bool said = common->has_sdr1 || common->has_ptcr;
	int ret = 0;

	if (source->guest)
		ret = hpt_guest_table(source->guest, &source->table, err);
	if (common->ram || (!said && !common->lpid) || (ret && ret != HPT_ERR_NO_HPT))
		return ret;
	if (said && ret && is_dump(source))
		return open_dump_table(source, common, err);
	return usage_error(common->command,
			   "--sdr1, --ptcr and --lpid belong to --kind ram, or to a dump that "
			   "does not say where its table lies");
}

/* Open the source and its table; a guest without one is no failure here. */
int source_open(struct source *source, const struct common *common, uint32_t flags)
{
	struct hpt_error err = { .code = 0 };
	int ret;

	*source = (struct source){ .guest = NULL };
	ret = open_named(source, common, flags, &err);
	if (!ret)
		ret = open_table(source, common, &err);
	if (ret > 0) {
		source_close(source);
		return ret;
	}
	source->no_table = err;
	if (!ret)
		warn_of_order(source, flags);
	if (!ret || ret == HPT_ERR_NO_HPT)
		return 0;
	source_close(source);
	return report(&err, common);
}

/* Why there is no table, without the words that the commands put before it. */
const char *source_reason(const struct source *source)
{
	static const char words[] = "no hashed page table: ";
	const char *text = source->no_table.text;
	const char *found = strstr(text, words);

	return found ? found + strlen(words) : text;
}

/* For a command that has nothing to say without a table. */
int source_need_table(struct source *source, const struct common *common, uint32_t flags)
{
	int ret = source_open(source, common, flags);

	if (ret || source->table)
		return ret;
	complain("no hashed page table: %s", source_reason(source));
	source_close(source);
	return EXIT_NO;
}

void source_close(struct source *source)
{
	if (!source->guest) {
		hpt_table_close(source->table);
		ram_close(&source->ram);
	}
	hpt_table_close(source->own);
	hpt_guest_close(source->guest);
	qmp_release(source->held);
	*source = (struct source){ .guest = NULL };
}
