/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "machine.h"
#include "newfile.h"
#include "sandbox.h"

/* hpt vmcore: the guest as an ELF core, for gdb, crash and drgn. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <hpt/core.h>

static const struct option vmcore_options[] = {
	/* Found before that of all sources: what is written, or else what SOURCE is. */
	{ "kind", required_argument, NULL, OPT_WHAT },
	SOURCE_OPTIONS,
	{ "user-context", required_argument, NULL, OPT_USER_CONTEXT },
	{ "linux-pages", required_argument, NULL, OPT_LINUX_PAGES },
	{ "output", required_argument, NULL, OPT_OUTPUT },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ NULL, 0, NULL, 0 },
};

static const char vmcore_help[] =
	"Usage: hpt vmcore [OPTION]... SOURCE -o FILE\n"
	"Write a guest as an ELF core: its memory, its vCPUs' registers and VMCOREINFO, for gdb,\n"
	"crash and drgn; and its table and segments, for hpt, which opens it as a SOURCE.\n"
	"\n"
	"      --kind elf        that, if nothing is said\n"
	"      --kind raw        memory alone: byte n of FILE is the byte at real address n\n"
	"      --user-context N  of a Linux guest: also the pages that its table maps in\n"
	"                        context N (see 'hpt who'), at their effective addresses\n"
	"      --linux-pages N   the kernel's PAGE_SIZE, 4K or 64K, where nothing tells it\n"
	"  -o, --output FILE     - is standard output, not a terminal. FILE appears when it\n"
	"                        is complete, or not at all, with holes where memory is zero\n"
	"  -f, --force           replace FILE if it exists\n"
	"  -h, --help            this text\n"
	"\n" SOURCE_HELP "\n"
	"Exit status: 0 it was written; 1 the source has no memory, or its table maps nothing in\n"
	"that context; 2 an error.\n";

#define LINEAR_EA UINT64_C(0xC000000000000000)
/* Gaps shorter than a file system's block are written: seeking there saves nothing. */
#define HOLE_MIN 4096u

struct vmcore {
	struct asking asking;
	const char *output;
	bool force;
	bool raw;
	bool has_context;
	uint64_t context;
	struct machine machine;
	struct hpt_linux rule;
	bool has_rule;
	struct hpt_core_mapping *mappings;
	size_t n_mappings;
	size_t room;
	bool no_memory;
	struct output *out;
	bool sparse;
};

/* The library's guest is not all that is needed: its kernel is known by a vCPU, if any. */
static void find_linux(struct vmcore *vmcore)
{
	struct machine *machine = &vmcore->machine;
	struct hpt_cpu *mmu = &machine->vcpu.mmu;

	mmu->size = sizeof(*mmu);
	if (hpt_guest_cpu(machine->source.guest, 0, mmu, NULL))
		*mmu = (struct hpt_cpu){ .size = sizeof(*mmu),
					 .sizes =
						 hpt_guest_page_sizes(machine->source.guest) };
	vmcore->has_rule = machine_linux(machine, vmcore->asking.page_shift, &vmcore->rule);
}

static bool add_mapping(struct vmcore *vmcore, uint64_t ea, uint64_t ra, uint64_t length)
{
	size_t room = vmcore->room ? vmcore->room * 2 : 64;
	struct hpt_core_mapping *mappings = vmcore->mappings;

	if (vmcore->n_mappings == vmcore->room) {
		mappings = realloc(mappings, room * sizeof(*mappings));
		if (!mappings)
			return false;
		vmcore->mappings = mappings;
		vmcore->room = room;
	}
	mappings[vmcore->n_mappings++] = (struct hpt_core_mapping){ ea, ra, length };
	return true;
}

/* An entry of the process, which may have several for a page larger than its base page. */
static bool take_entry(struct vmcore *vmcore, uint64_t ptex, struct hpt_entry entry)
{
	const struct hpt_table *table = vmcore->machine.source.table;
	struct hpt_page page;
	struct hpt_va va;
	uint64_t context, ea, bytes;

	if (hpt_entry_page(vmcore->machine.vcpu.mmu.sizes, entry, &page, NULL) ||
	    hpt_entry_va(entry, ptex, hpt_table_order(table), page.base_shift, &va, NULL) ||
	    hpt_linux_ea(&vmcore->rule, &va, &context, &ea, NULL) ||
	    context != vmcore->context)
		return true;
	bytes = UINT64_C(1) << page.actual_shift;
	return add_mapping(vmcore, ea & ~(bytes - 1), hpt_entry_ra(entry, page.actual_shift),
			   bytes);
}

static int take_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct vmcore *vmcore = arg;

	for (size_t i = 0; i < n; i++) {
		if (!take_entry(vmcore, ptex + i, entries[i])) {
			vmcore->no_memory = true;
			return 1;
		}
	}
	return 0;
}

static int compare_mappings(const void *a, const void *b)
{
	const struct hpt_core_mapping *left = a, *right = b;

	if (left->ea != right->ea)
		return left->ea < right->ea ? -1 : 1;
	return (left->ra > right->ra) - (left->ra < right->ra);
}

/* By address; what follows in both spaces becomes one, what is said twice is once. */
static void join_mappings(struct vmcore *vmcore)
{
	struct hpt_core_mapping *m = vmcore->mappings;
	size_t n = 0;

	if (vmcore->n_mappings)
		qsort(m, vmcore->n_mappings, sizeof(*m), compare_mappings);
	for (size_t i = 0; i < vmcore->n_mappings; i++) {
		struct hpt_core_mapping *last = n ? &m[n - 1] : NULL;

		if (last && m[i].ea - last->ea < last->length &&
		    m[i].ra - last->ra == m[i].ea - last->ea)
			continue;
		if (last && m[i].ea - last->ea == last->length &&
		    m[i].ra - last->ra == last->length)
			last->length += m[i].length;
		else
			m[n++] = m[i];
	}
	vmcore->n_mappings = n;
}

static int find_mappings(struct vmcore *vmcore)
{
	const struct source *source = &vmcore->machine.source;
	struct hpt_error err;
	int ret;

	if (!source->table) {
		complain("--user-context: no hashed page table: %s", source_reason(source));
		return EXIT_NO;
	}
	if (!vmcore->has_rule) {
		complain("--user-context: no segment in the SLB and nothing in the table "
			 "follows Linux's rule");
		return EXIT_ERROR;
	}
	ret = hpt_table_each(source->table, 0, UINT64_MAX, take_run, vmcore, &err);
	if (ret) {
		complain("%s", vmcore->no_memory ? "no memory" : err.text);
		return EXIT_ERROR;
	}
	join_mappings(vmcore);
	if (vmcore->n_mappings)
		return 0;
	complain("--user-context %llu: the table maps nothing in that context",
		 (unsigned long long)vmcore->context);
	return EXIT_NO;
}

static int output_result(const struct output *out, struct hpt_error *err)
{
	return out->error ? hpt_error_fill(err, HPT_ERR_SYSTEM, out->error, "cannot write")
			  : 0;
}

static int sink_write(void *ctx, const void *bytes, size_t len, struct hpt_error *err)
{
	struct vmcore *vmcore = ctx;

	put_bytes(vmcore->out, bytes, len);
	return output_result(vmcore->out, err);
}

static int sink_skip(void *ctx, uint64_t len, struct hpt_error *err)
{
	struct vmcore *vmcore = ctx;
	struct output *out = vmcore->out;

	if (!vmcore->sparse || len < HOLE_MIN)
		put_zeros(out, len);
	else if (output_flush(out) && lseek(out->fd, (off_t)len, SEEK_CUR) < 0)
		out->error = errno;
	return output_result(out, err);
}

static const struct hpt_writer_ops sink_ops = {
	.size = sizeof(sink_ops),
	.write = sink_write,
	.skip = sink_skip,
};

static int step(void *arg, uint64_t done, uint64_t total)
{
	progress_step(arg, done, total);
	return 0;
}

/* A hole at the end is made by the file's length. */
static void end_file(const struct vmcore *vmcore)
{
	struct output *out = vmcore->out;
	off_t end;

	if (!vmcore->sparse || !output_flush(out))
		return;
	end = lseek(out->fd, 0, SEEK_CUR);
	if (end < 0 || ftruncate(out->fd, end))
		out->error = errno;
}

static uint64_t linear_ea(struct vmcore *vmcore)
{
	struct hpt_vmcoreinfo found = { .size = sizeof(found) };
	bool is_linux = vmcore->has_rule ||
			!hpt_guest_vmcoreinfo(vmcore->machine.source.guest, &found, NULL);

	return is_linux ? LINEAR_EA : 0;
}

static int write_core(struct vmcore *vmcore)
{
	struct hpt_guest *guest = vmcore->machine.source.guest;
	struct hpt_core_options options = {
		.size = sizeof(options),
		.flags = vmcore->raw ? HPT_CORE_RAW : 0,
		.mappings = vmcore->mappings,
		.n_mappings = vmcore->n_mappings,
		.progress = step,
	};
	struct progress progress;
	struct hpt_error err;
	int ret;

	if (!vmcore->raw)
		options.linear_ea = linear_ea(vmcore);
	progress_begin(&progress, "writing");
	options.arg = &progress;
	ret = hpt_guest_write_core(guest, &options, &sink_ops, vmcore, &err);
	progress_end(&progress);
	if (!ret)
		end_file(vmcore);
	if (!ret || vmcore->out->error)
		return 0; /* output_close() says it */
	complain("%s", err.text);
	return EXIT_ERROR;
}

/* Is there a guest, and memory of it that can be written? */
static int check_guest(const struct vmcore *vmcore)
{
	const struct source *source = &vmcore->machine.source;
	const struct hpt_memory_ops *ops;
	struct hpt_error err;
	void *ctx;

	if (!source->guest) {
		complain(
			"this source has no guest's memory and registers, which a core is made "
			"of");
		return EXIT_NO;
	}
	if (!hpt_guest_memory(source->guest, &ops, &ctx, &err))
		return 0;
	complain("%s", err.text);
	return EXIT_NO;
}

static int write_guest(struct vmcore *vmcore)
{
	int ret = check_guest(vmcore);

	if (ret)
		return ret;
	if (!vmcore->raw)
		find_linux(vmcore);
	if (vmcore->has_context)
		ret = find_mappings(vmcore);
	return ret ? ret : write_core(vmcore);
}

/* Open the source and write it; the output is closed in any case. */
static int write_source(struct vmcore *vmcore, struct newfile *file)
{
	struct source *source = &vmcore->machine.source;
	struct output *out = vmcore->out;
	int ret = source_open(source, &vmcore->asking.common, HPT_GUEST_MEMORY);
	int closed;

	if (!ret) {
		ret = write_guest(vmcore);
		source_close(source);
	}
	if (!ret && output_flush(out) && file)
		ret = newfile_commit(file, out->fd);
	closed = output_close(out);
	return ret ? ret : closed;
}

static int to_standard_output(struct vmcore *vmcore)
{
	struct output out;

	if (isatty(STDOUT_FILENO))
		return usage_error(vmcore->asking.common.command,
				   "-o -: the result is binary: not to a terminal");
	if (output_open(&out, STDOUT_FILENO, "standard output"))
		return EXIT_ERROR;
	sandbox_enter(NULL);
	vmcore->out = &out;
	return write_source(vmcore, NULL);
}

/* The file is made first: that it cannot be is told before a long source is read. */
static int to_file(struct vmcore *vmcore)
{
	struct newfile file;
	struct output out;
	int fd = -1;
	int ret = newfile_open(&file, vmcore->output, vmcore->force, &fd);

	if (ret)
		return ret;
	sandbox_enter(file.directory);
	ret = output_open(&out, fd, vmcore->output);
	vmcore->out = &out;
	vmcore->sparse = true;
	if (!ret)
		ret = write_source(vmcore, &file);
	newfile_discard(&file);
	return ret;
}

static int set_what(struct vmcore *vmcore)
{
	if (strcmp(optarg, "elf") == 0 || strcmp(optarg, "raw") == 0) {
		vmcore->raw = optarg[0] == 'r';
		return 0;
	}
	return options_kind(&vmcore->asking.common);
}

static int set_context(struct vmcore *vmcore)
{
	vmcore->has_context = true;
	if (!parse_number(optarg, &vmcore->context) && vmcore->context)
		return 0;
	return bad_value(&vmcore->asking.common, "user-context", optarg,
			 "the number of a context, from 1");
}

static int set_option(struct vmcore *vmcore, int code)
{
	switch (code) {
	case OPT_WHAT:
		return set_what(vmcore);
	case OPT_USER_CONTEXT:
		return set_context(vmcore);
	case OPT_OUTPUT:
		vmcore->output = optarg;
		return 0;
	case OPT_FORCE:
		vmcore->force = true;
		return 0;
	default:
		return asking_option(&vmcore->asking, code);
	}
}

static int vmcore_check(struct vmcore *vmcore, int argc, char **argv)
{
	const struct common *common = &vmcore->asking.common;
	int ret = options_end(&vmcore->asking.common, argc, argv);

	if (ret)
		return ret;
	if (!vmcore->output)
		return usage_error(common->command, "-o FILE is missing");
	if (vmcore->raw && vmcore->has_context)
		return usage_error(
			common->command,
			"--user-context belongs to --kind elf: raw has no effective "
			"addresses");
	if (common->ram)
		return usage_error(common->command,
				   "--kind ram is memory alone; a core is made of a guest");
	return 0;
}

static int vmcore_run(struct vmcore *vmcore, const struct command *self, int argc, char **argv)
{
	int code, ret;

	if (asking_begin(&vmcore->asking, self, argc))
		return EXIT_ERROR;
	while ((code = options_next(&vmcore->asking.common, argc, argv)) != OPT_END)
		if (code == OPT_BAD || set_option(vmcore, code))
			break;
	if (code != OPT_END)
		ret = EXIT_ERROR;
	else if (vmcore->asking.common.help)
		ret = output_text(vmcore_help);
	else
		ret = vmcore_check(vmcore, argc, argv);
	if (!ret && !vmcore->asking.common.help)
		ret = strcmp(vmcore->output, "-") ? to_file(vmcore)
						  : to_standard_output(vmcore);
	asking_end(&vmcore->asking);
	return ret;
}

static int vmcore_main(const struct command *self, int argc, char **argv)
{
	struct vmcore *vmcore = calloc(1, sizeof(*vmcore));
	int ret;

	if (!vmcore) {
		complain("no memory");
		return EXIT_ERROR;
	}
	ret = vmcore_run(vmcore, self, argc, argv);
	free(vmcore->mappings);
	free(vmcore);
	return ret;
}

const struct command vmcore_command = {
	.name = "vmcore",
	.summary = "write it as a core for gdb, crash and drgn",
	.help = vmcore_help,
	.options = vmcore_options,
	.short_options = ":ho:f",
	.late = true,
	.run = vmcore_main,
};
