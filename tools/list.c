/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "vms.h"

/* hpt list: the guests of this host that have a hashed page table. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const struct option list_options[] = {
	{ "debugfs", required_argument, NULL, OPT_DEBUGFS },
	COLOR_OPTION,
	{ "count", no_argument, NULL, OPT_COUNT },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static const char list_help[] =
	"Usage: hpt list [OPTION]...\n"
	"Show the guests of this KVM-HV host that have a hashed page table. Needs root.\n"
	"\n"
	"      --count           read each table: how many entries are valid, and the least\n"
	"                        order that holds them (each entry is locked for a moment)\n"
	"      --json            one JSON object a line\n"
	"      --debugfs DIR     where debugfs is mounted, if /proc/self/mounts does not say\n"
	COLOR_HELP
	"  -h, --help            this text\n"
	"\n"
	"Columns: source (what other commands take for SOURCE: debugfs:PID-FD, the process and\n"
	"its descriptor of the VM), process (its name), guest (what its option -name says),\n"
	"path (of KVM's listing); with --count, order (at least) and valid.\n"
	"\n"
	"Exit status: 0 there is one, 1 there is none, 2 an error.\n";

struct listed {
	const struct vm *vm;
	uint32_t order;
	uint64_t valid;
};

struct listing {
	struct common common;
	struct vms vms;
	struct listed *listed;
	size_t n;
	size_t radix;
	bool count;
	bool json;
};

static int count_lines(struct listed *listed)
{
	struct hpt_debugfs_info info = { .size = sizeof(info) };
	struct hpt_table *table;
	struct hpt_error err;
	int fd = open(listed->vm->path, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0) {
		complain("%s: %s", listed->vm->path, strerror(errno));
		return EXIT_ERROR;
	}
	ret = hpt_debugfs_open(fd, NULL, &table, &err);
	close(fd);
	if (!ret)
		ret = hpt_debugfs_info(table, &info, &err);
	if (ret) {
		complain("%s: %s", listed->vm->path, err.text);
		return EXIT_ERROR;
	}
	listed->order = hpt_table_order(table);
	listed->valid = info.listed;
	hpt_table_close(table);
	return 0;
}

/* One that ends meanwhile is left out. */
static int look(struct listing *listing, const struct vm *vm)
{
	struct listed *listed = &listing->listed[listing->n];
	enum vm_table table;
	int ret = vm_look(vm, &table);

	if (ret || table == VM_GONE)
		return ret;
	if (table == VM_RADIX) {
		listing->radix++;
		return 0;
	}
	*listed = (struct listed){ .vm = vm };
	if (listing->count)
		ret = count_lines(listed);
	if (ret && access(vm->path, F_OK))
		return 0;
	listing->n += !ret;
	return ret;
}

static int look_at_all(struct listing *listing)
{
	int ret = 0;

	listing->listed = calloc(listing->vms.n + 1, sizeof(*listing->listed));
	if (!listing->listed) {
		complain("no memory");
		return EXIT_ERROR;
	}
	for (size_t i = 0; i < listing->vms.n && !ret; i++)
		ret = look(listing, &listing->vms.vm[i]);
	if (ret || listing->n)
		return ret;
	if (listing->radix || listing->vms.others)
		complain("no guest with a hashed page table: %zu with radix, %zu of which KVM "
			 "lists no table",
			 listing->radix, listing->vms.others);
	else
		complain("no guest with a hashed page table: KVM has no VMs");
	return EXIT_NO;
}

enum { WIDTH_SOURCE = 20, WIDTH_ORDER = 5, WIDTH_VALID = 10, WIDTH_WORD = 16 };

static void put_head(struct output *out, const struct listing *listing)
{
	put_style(out, STYLE_BOLD);
	put_left(out, "source", WIDTH_SOURCE);
	if (listing->count) {
		put_char(out, ' ');
		put_right(out, "order", WIDTH_ORDER);
		put_char(out, ' ');
		put_right(out, "valid", WIDTH_VALID);
	}
	put_char(out, ' ');
	put_left(out, "process", WIDTH_WORD);
	put_char(out, ' ');
	put_left(out, "guest", WIDTH_WORD);
	put_text(out, " path");
	put_style(out, STYLE_NONE);
	put_char(out, '\n');
}

/* Names come from anybody: as wide as they are once they are safe to show. */
static void put_word(struct output *out, const char *word)
{
	size_t width = strlen(word);

	put_char(out, ' ');
	put_safe(out, *word ? word : "-");
	for (width = width ? width : 1; width < WIDTH_WORD; width++)
		put_char(out, ' ');
}

static void put_line(struct output *out, const struct listing *listing,
		     const struct listed *listed)
{
	char buffer[TEXT_MAX], name[32], source[48] = "debugfs:";

	strcat(source, vm_name(listed->vm, name));
	put_left(out, source, WIDTH_SOURCE);
	if (listing->count) {
		put_text(out, " >=");
		put_right(out, text_number(buffer, listed->order), WIDTH_ORDER - 2);
		put_char(out, ' ');
		put_right(out, text_number(buffer, listed->valid), WIDTH_VALID);
	}
	put_word(out, listed->vm->process);
	put_word(out, listed->vm->name);
	put_char(out, ' ');
	put_safe(out, listed->vm->path);
	put_char(out, '\n');
}

static void put_object(struct output *out, const struct listing *listing,
		       const struct listed *listed)
{
	const struct vm *vm = listed->vm;
	char name[32], source[48] = "debugfs:";

	put_char(out, '{');
	json_key(out, "source");
	json_string(out, strcat(source, vm_name(vm, name)));
	json_field(out, "pid", true, vm->pid);
	json_field(out, "fd", vm->fd >= 0, (uint64_t)vm->fd);
	json_field(out, "order_at_least", listing->count, listed->order);
	json_field(out, "valid", listing->count, listed->valid);
	json_string_field(out, "process", vm->process);
	json_string_field(out, "guest", vm->name);
	json_string_field(out, "path", vm->path);
	put_text(out, "}\n");
}

static int print(const struct listing *listing)
{
	struct output out;

	if (output_open(&out, STDOUT_FILENO, "standard output"))
		return EXIT_ERROR;
	output_colour(&out, listing->common.colour);
	if (!listing->json)
		put_head(&out, listing);
	for (size_t i = 0; i < listing->n; i++) {
		if (listing->json)
			put_object(&out, listing, &listing->listed[i]);
		else
			put_line(&out, listing, &listing->listed[i]);
	}
	return output_close(&out);
}

static int list_guests(struct listing *listing)
{
	int ret = vms_find(&listing->vms, listing->common.debugfs);

	if (ret)
		return ret;
	ret = look_at_all(listing);
	if (!ret)
		ret = print(listing);
	free(listing->listed);
	vms_free(&listing->vms);
	return ret;
}

static int list_main(const struct command *self, int argc, char **argv)
{
	struct listing listing = { .count = false };
	int code, ret;

	if (options_begin(&listing.common, self, argc))
		return EXIT_ERROR;
	while ((code = options_next(&listing.common, argc, argv)) != OPT_END) {
		if (code == OPT_BAD)
			break;
		listing.count = listing.count || code == OPT_COUNT;
		listing.json = listing.json || code == OPT_JSON;
	}
	if (code != OPT_END)
		ret = EXIT_ERROR;
	else if (listing.common.help)
		ret = output_text(list_help);
	else if (optind < argc)
		ret = usage_error(self, "no operand is expected: what of '%s'?", argv[optind]);
	else
		ret = list_guests(&listing);
	free(listing.common.then);
	return ret;
}

const struct command list_command = {
	.name = "list",
	.summary = "the guests on this host that have a table",
	.help = list_help,
	.options = list_options,
	.short_options = ":h",
	.run = list_main,
};
