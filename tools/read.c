/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "machine.h"
#include "read.h"

/* hpt read: bytes of the guest's memory. */

#include <stdlib.h>
#include <unistd.h>

static const struct option read_options[] = {
	SOURCE_OPTIONS,
	CPU_OPTIONS,
	LINUX_OPTIONS,
	ACCESS_OPTIONS,
	{ "real", no_argument, NULL, OPT_REAL },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "raw", no_argument, NULL, OPT_RAW },
	{ NULL, 0, NULL, 0 },
};

static const char read_help[] =
	"Usage: hpt read [OPTION]... SOURCE EA LENGTH\n"
	"Show bytes of a guest's memory by effective address, as a vCPU sees it.\n"
	"\n"
	"      --real            the address is a real one; no translation\n"
	"      --raw             the bytes alone; not to a terminal\n"
	"      --all             show lines that equal the one before, too\n"
	"  -h, --help            this text\n"
	"\n" CPU_HELP LINUX_HELP "\n" ACCESS_HELP "\n"
	"What can be read up to the first address that cannot is shown.\n"
	"\n" SOURCE_HELP "\n"
	"Exit status: 0 all bytes were read; 1 an address is not mapped, there is no memory at\n"
	"it, or the source has none; 2 an error.\n";

#define PIECE 65536u

struct reading {
	struct asking asking;
	bool real;
	bool raw;
	bool all;
	uint64_t address;
	uint64_t length;
	struct machine machine;
	struct output out;
	struct hexdump dump;
	unsigned char bytes[PIECE];
};

/*
 * Where the bytes at an effective address are, and how many lie together: as far as its base
 * page goes, since the next one has a hash, and perhaps an entry, of its own.
 */
static int find_bytes(struct reading *reading, uint64_t ea, uint64_t *ra, uint64_t *len)
{
	const struct machine *machine = &reading->machine;
	struct hpt_translation answer = { .size = sizeof(answer) };
	struct hpt_error err;
	uint64_t page = 4096;

	if (hpt_translate(&machine->vcpu.mmu, machine->source.table, ea, machine->access,
			  machine->flags, &answer, &err)) {
		complain("0x%llx: %s", (unsigned long long)ea, err.text);
		return EXIT_ERROR;
	}
	if (answer.outcome != HPT_OUTCOME_MAPPED) {
		complain("0x%llx is not mapped: %s", (unsigned long long)ea,
			 hpt_outcome_name(answer.outcome));
		return EXIT_NO;
	}
	if (answer.has & HPT_HAS_ENTRY)
		page = UINT64_C(1) << answer.base_shift;
	*ra = answer.ra;
	*len = page - (ea & (page - 1));
	return 0;
}

static int read_piece(struct reading *reading, uint64_t ra, size_t len)
{
	const struct machine *machine = &reading->machine;
	struct hpt_error err;
	int ret = machine->memory->read(machine->memory_ctx, ra, len, reading->bytes, &err);

	if (!ret)
		return 0;
	complain("%s", err.text);
	return ret == HPT_ERR_RANGE ? EXIT_NO : EXIT_ERROR;
}

/* A piece that does not lie in memory whole is read as far as that goes. */
static int read_as_far(struct reading *reading, uint64_t ra, size_t *len)
{
	const struct machine *machine = &reading->machine;
	struct hpt_error err;
	size_t good = 0, part = *len;

	if (!machine->memory->read(machine->memory_ctx, ra, part, reading->bytes, &err))
		return 0;
	while (part > 1) {
		part = (part + 1) / 2;
		while (good + part < *len &&
		       !machine->memory->read(machine->memory_ctx, ra, good + part,
					      reading->bytes, &err))
			good += part;
	}
	*len = good;
	return read_piece(reading, ra + good, 1);
}

static void put_piece(struct reading *reading, size_t len)
{
	if (reading->raw)
		put_bytes(&reading->out, reading->bytes, len);
	else
		hexdump_put(&reading->dump, reading->bytes, len);
}

static int read_all(struct reading *reading)
{
	uint64_t address = reading->address;
	uint64_t left = reading->length;
	int ret = 0;

	while (left && !ret && !reading->out.error) {
		uint64_t ra = address, n = left;
		size_t len;

		if (!reading->real)
			ret = find_bytes(reading, address, &ra, &n);
		if (ret)
			break;
		n = n < left ? n : left;
		len = n < PIECE ? (size_t)n : PIECE;
		ret = read_as_far(reading, ra, &len);
		put_piece(reading, len);
		address += len;
		left -= len;
	}
	return ret;
}

static int read_print(struct reading *reading)
{
	int ret = output_open(&reading->out, STDOUT_FILENO, "standard output");
	int closed;

	if (ret)
		return ret;
	hexdump_begin(&reading->dump, &reading->out, reading->address, reading->all);
	ret = read_all(reading);
	if (!reading->raw && reading->dump.address + reading->dump.used != reading->address)
		hexdump_end(&reading->dump);
	closed = output_close(&reading->out);
	return closed ? closed : ret;
}

static int parse_operands(struct reading *reading, int argc, char **argv)
{
	const struct command *command = reading->asking.common.command;
	int ret = options_source(&reading->asking.common, argc, argv);

	if (ret)
		return ret;
	if (argc - optind != 2)
		return usage_error(command, argc - optind < 2
						    ? "an address and a length are needed"
						    : "one address and one length at a time");
	if (parse_number(argv[optind], &reading->address))
		return usage_error(command,
				   "'%s' is not an address: expected a number, decimal or "
				   "hexadecimal after 0x",
				   argv[optind]);
	if (parse_number(argv[optind + 1], &reading->length))
		return usage_error(command, "'%s' is not a number of bytes", argv[optind + 1]);
	if (reading->length && reading->length - 1 > UINT64_MAX - reading->address)
		return usage_error(command, "the range leads beyond 2^64");
	if (reading->raw && isatty(STDOUT_FILENO))
		return usage_error(command, "--raw is binary: not to a terminal");
	return 0;
}

static int read_source(struct reading *reading, int argc, char **argv)
{
	int ret = parse_operands(reading, argc, argv);

	if (!ret)
		ret = machine_open(&reading->machine, &reading->asking, HPT_GUEST_MEMORY,
				   !reading->real);
	if (ret)
		return ret;
	if (!reading->machine.memory) {
		complain("%s", reading->machine.no_memory.text);
		ret = EXIT_NO;
	}
	if (!ret && !reading->real)
		ret = machine_look(&reading->machine, &reading->asking);
	if (!ret)
		ret = read_print(reading);
	machine_close(&reading->machine);
	return ret;
}

static int set_option(struct reading *reading, int code)
{
	switch (code) {
	case OPT_REAL:
		reading->real = true;
		return 0;
	case OPT_RAW:
		reading->raw = true;
		return 0;
	case OPT_ALL:
		reading->all = true;
		return 0;
	default:
		return asking_option(&reading->asking, code);
	}
}

static int read_run(struct reading *reading, const struct command *self, int argc, char **argv)
{
	int code, ret;

	if (asking_begin(&reading->asking, self, argc))
		return EXIT_ERROR;
	while ((code = options_next(&reading->asking.common, argc, argv)) != OPT_END)
		if (code == OPT_BAD || set_option(reading, code))
			break;
	if (code != OPT_END)
		ret = EXIT_ERROR;
	else if (reading->asking.common.help)
		ret = output_text(read_help);
	else
		ret = read_source(reading, argc, argv);
	asking_end(&reading->asking);
	return ret;
}

static int read_main(const struct command *self, int argc, char **argv)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	int ret;

	if (!reading) {
		complain("no memory");
		return EXIT_ERROR;
	}
	ret = read_run(reading, self, argc, argv);
	free(reading);
	return ret;
}

const struct command read_command = {
	.name = "read",
	.summary = "bytes of its memory",
	.help = read_help,
	.options = read_options,
	.short_options = ":h",
	.run = read_main,
};
