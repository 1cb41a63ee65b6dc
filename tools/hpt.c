/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "sandbox.h"

/* The command: finds the subcommand and hands over. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct command *const commands[] = {
	&info_command,
	&dump_command,
	&stat_command,
	&convert_command,
	&vmcore_command,
	&translate_command,
	&explain_command,
	&read_command,
	&cpus_command,
	&who_command,
	&diff_command,
	&watch_command,
	&list_command,
	&gdbserver_command,
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char *command_name(const void *list, size_t i)
{
	(void)list;
	return i < N_COMMANDS ? commands[i]->name : NULL;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *guess = nearest(name, command_name, NULL);

	if (guess)
		return usage_error(NULL, "unknown command '%s'; did you mean '%s'?", name,
				   guess);
	return usage_error(NULL, "unknown command '%s'", name);
}

static int print_help(void)
{
	struct output out;

	if (output_open(&out, STDOUT_FILENO, "standard output"))
		return EXIT_ERROR;
	put_text(&out, "Usage: hpt COMMAND [OPTION]... SOURCE [ADDRESS]...\n"
		       "Look at the hashed page table of a PowerPC guest.\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++) {
		put_text(&out, "  ");
		put_left(&out, commands[i]->name, 10);
		put_text(&out, commands[i]->summary);
		put_char(&out, '\n');
	}
	put_text(&out,
		 "  help      explain a command: hpt help COMMAND\n\n" SOURCE_HELP "\n"
		 "  -h, --help            this text; hpt COMMAND --help explains COMMAND\n"
		 "  -V, --version         the version, and what this build can do\n"
		 "      --no-sandbox      before COMMAND: keep the right to make files, to reach a\n"
		 "                        network and to run programs, which is given up before\n"
		 "                        anything is read\n\n"
		 "Exit status: 0 yes, 1 a negative answer (the guest has no hashed page\n"
		 "table, an address is not mapped, two tables differ), 2 an error.\n");
	return output_close(&out);
}

static int print_version(void)
{
	struct output out;
	const char *line;

	if (output_open(&out, STDOUT_FILENO, "standard output"))
		return EXIT_ERROR;
	put_text(&out, "hpt ");
	put_text(&out, hpt_version());
	put_char(&out, '\n');
	for (size_t i = 0; (line = hpt_guest_feature(i)); i++) {
		put_text(&out, line);
		put_char(&out, '\n');
	}
	put_text(&out, screen_feature());
	put_char(&out, '\n');
	sandbox_describe(&out);
	return output_close(&out);
}

static int help_command(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2)
		return print_help();
	if (argc > 2)
		return usage_error(NULL, "help explains one command at a time");
	command = find_command(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	return output_text(command->help);
}

/* A closed standard descriptor would be taken by the first file that is opened. */
static int fill_standard_descriptors(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return EXIT_ERROR;
	}
	return 0;
}

/* What a command parses, beside its options, it parses in the sandbox. */
static int run_command(const struct command *command, int argc, char **argv)
{
	sandbox_allow_sources(argv);
	if (!command->late)
		sandbox_enter(NULL);
	return command->run(command, argc, argv);
}

int main(int argc, char **argv)
{
	const struct command *command;
	const char *word;

	if (fill_standard_descriptors())
		return EXIT_ERROR;
	if (argc > 1 && strcmp(argv[1], "--no-sandbox") == 0) {
		sandbox_off();
		argv++;
		argc--;
	}
	if (argc < 2)
		return usage_error(NULL, "no command was given");
	word = argv[1];
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return print_help();
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
		return print_version();
	if (strcmp(word, "help") == 0)
		return help_command(argc - 1, argv + 1);
	if (word[0] == '-')
		return usage_error(NULL, "unknown option %s before the command", word);
	command = find_command(word);
	if (!command)
		return unknown_command(word);
	return run_command(command, argc - 1, argv + 1);
}
