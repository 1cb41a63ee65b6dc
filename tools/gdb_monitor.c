/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "cpus.h"
#include "explain.h"
#include "gdb.h"
#include "read.h"
#include "who.h"

/* gdb's command "monitor": what the command can tell of a guest, at its prompt. */

#define WORDS_MAX 16
#define LINE_MAX_BYTES 1024
/* A console is no place for more. */
#define DUMP_MAX (UINT64_C(1) << 20)
#define PIECE 4096u

struct words {
	char text[LINE_MAX_BYTES];
	size_t n;
	char *word[WORDS_MAX];
};

static void put_line(struct output *out, const char *before, const char *text)
{
	put_text(out, before);
	put_safe(out, text);
	put_char(out, '\n');
}

static bool get_number(struct output *out, const char *word, uint64_t *value)
{
	if (!parse_number(word, value))
		return true;
	put_safe(out, word);
	put_text(out, ": expected a number, decimal or hexadecimal after 0x\n");
	return false;
}

static void do_real(struct gdb_guest *guest, const struct words *words, struct output *out)
{
	unsigned char bytes[PIECE];
	struct hexdump dump;
	struct hpt_error err;
	uint64_t ra, len, done = 0;
	size_t n, got;

	if (!get_number(out, words->word[1], &ra) || !get_number(out, words->word[2], &len))
		return;
	if (len > DUMP_MAX || (len && len - 1 > UINT64_MAX - ra)) {
		put_text(out, len > DUMP_MAX ? "at most 1M at a time\n"
					     : "the range leads beyond 2^64\n");
		return;
	}
	hexdump_begin(&dump, out, ra, false);
	do {
		n = len - done < PIECE ? (size_t)(len - done) : PIECE;
		got = gdb_read_real(guest, ra + done, n, bytes, &err);
		hexdump_put(&dump, bytes, got);
		done += got;
	} while (got == n && done < len);
	if (done)
		hexdump_end(&dump);
	if (got < n)
		put_line(out, "", err.text);
}

static bool needs_table(const struct gdb_guest *guest, struct output *out)
{
	if (guest->machine.source.table)
		return true;
	put_line(out, "no hashed page table: ", source_reason(&guest->machine.source));
	return false;
}

/* As memory at an address would be looked at. */
static struct machine *look_at(struct gdb_guest *guest, uint64_t ea, uint32_t *before)
{
	*before = guest->machine.flags;
	guest->machine.flags = gdb_look(guest, ea);
	return &guest->machine;
}

static void do_translate(struct gdb_guest *guest, const struct words *words,
			 struct output *out)
{
	for (size_t i = 1; i < words->n && needs_table(guest, out); i++) {
		struct hpt_translation answer = { .size = sizeof(answer) };
		struct machine *machine;
		struct hpt_error err;
		uint32_t before;
		uint64_t ea;

		if (!get_number(out, words->word[i], &ea))
			return;
		machine = look_at(guest, ea, &before);
		if (hpt_translate(&machine->vcpu.mmu, machine->source.table, ea,
				  machine->access, machine->flags, &answer, &err))
			put_line(out, "", err.text);
		else
			answer_text(out, &answer);
		machine->flags = before;
	}
}

static void do_explain(struct gdb_guest *guest, const struct words *words, struct output *out)
{
	struct told told = { .order = 0 };
	struct machine *machine;
	struct hpt_error err;
	uint32_t before;
	uint64_t ea;

	if (!needs_table(guest, out) || !get_number(out, words->word[1], &ea))
		return;
	machine = look_at(guest, ea, &before);
	if (explain_walk(&told, machine, ea, &err))
		put_line(out, "", err.text);
	else
		explain_text(out, &told);
	machine->flags = before;
}

static void do_slb(struct gdb_guest *guest, const struct words *words, struct output *out)
{
	(void)words;
	put_text(out, "vCPU ");
	put_number(out, guest->machine.vcpu.id);
	put_text(out, ":\n");
	slb_text(out, &guest->machine.vcpu);
}

static void do_who(struct gdb_guest *guest, const struct words *words, struct output *out)
{
	struct who who = { .form = &owner_text,
			   .with_linux = guest->with_linux,
			   .rule = guest->rule };
	struct hpt_error err;
	int ret;

	if (!needs_table(guest, out))
		return;
	if (parse_range(words->word[1], &who.range)) {
		put_safe(out, words->word[1]);
		put_text(out, ": expected an address or a range: A, A-B, A- or A+N\n");
		return;
	}
	ret = who_look(&who, &guest->machine, out, &err);
	if (ret && ret != HPT_ERR_STOPPED)
		put_line(out, "", err.text);
	else if (!ret && !who.n)
		put_text(out, "no entry maps it\n");
}

static void do_help(struct gdb_guest *guest, const struct words *words, struct output *out);

static const struct monitor_command {
	const char *name;
	const char *operands;
	const char *help;
	size_t least; /* words, with the name */
	size_t most;
	void (*run)(struct gdb_guest *guest, const struct words *words, struct output *out);
} commands[] = {
	{ "real", "RA LENGTH", "bytes by real address", 3, 3, do_real },
	{ "translate", "EA...", "where effective addresses lead", 2, WORDS_MAX, do_translate },
	{ "explain", "EA", "how one is translated, step by step", 2, 2, do_explain },
	{ "slb", "", "the segments of this thread's vCPU", 1, 1, do_slb },
	{ "who", "RA", "the entries that map a real address, or a range RA-RB", 2, 2, do_who },
	{ "help", "", "this text", 1, 1, do_help },
	{ "exit", "", "end the server", 1, 1, NULL },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void do_help(struct gdb_guest *guest, const struct words *words, struct output *out)
{
	(void)guest;
	(void)words;
	for (size_t i = 0; i < N_COMMANDS; i++) {
		put_left(out, commands[i].name, 10);
		put_left(out, commands[i].operands, 11);
		put_text(out, commands[i].help);
		put_char(out, '\n');
	}
	put_text(out,
		 "Numbers are decimal, or hexadecimal after 0x, with K, M, G or T behind.\n"
		 "Addresses are looked at as by gdb's x, in the thread that is chosen.\n");
}

static const char *command_name(const void *list, size_t i)
{
	(void)list;
	return i < N_COMMANDS ? commands[i].name : NULL;
}

static void split(struct words *words, const char *line)
{
	char *at, *word;

	words->n = 0;
	(void)printable(words->text, sizeof(words->text), line);
	for (word = strtok_r(words->text, " \t", &at); word && words->n < WORDS_MAX;
	     word = strtok_r(NULL, " \t", &at))
		words->word[words->n++] = word;
}

static void unknown(struct output *out, const char *word)
{
	const char *guess = nearest(word, command_name, NULL);

	put_text(out, "unknown command '");
	put_safe(out, word);
	put_text(out, guess ? "'; did you mean '" : "': see monitor help\n");
	if (guess) {
		put_text(out, guess);
		put_text(out, "'?\n");
	}
}

bool gdb_monitor(struct gdb_guest *guest, const char *line, struct output *out)
{
	const struct monitor_command *command = NULL;
	struct words words;

	split(&words, line);
	if (!words.n) {
		do_help(guest, &words, out);
		return true;
	}
	for (size_t i = 0; i < N_COMMANDS && !command; i++)
		if (strcmp(commands[i].name, words.word[0]) == 0)
			command = &commands[i];
	if (!command) {
		unknown(out, words.word[0]);
	} else if (words.n < command->least || words.n > command->most) {
		put_text(out, "expected: ");
		put_text(out, command->name);
		put_char(out, ' ');
		put_text(out, command->operands);
		put_char(out, '\n');
	} else if (!command->run) {
		return false;
	} else {
		command->run(guest, &words, out);
	}
	return true;
}
