/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "gdb.h"
#include "sandbox.h"

/* hpt gdbserver: gdb on a guest that does not run. */

#include <errno.h>
#include <stdlib.h>

static const struct option gdbserver_options[] = {
	SOURCE_OPTIONS,
	CPU_OPTIONS,
	LINUX_OPTIONS,
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "once", no_argument, NULL, OPT_ONCE },
	{ "allow-remote", no_argument, NULL, OPT_ALLOW_REMOTE },
	{ "endian", required_argument, NULL, OPT_ENDIAN },
	{ NULL, 0, NULL, 0 },
};

static const char gdbserver_help[] =
	"Usage: hpt gdbserver [OPTION]... SOURCE\n"
	"Serve a guest to gdb: vCPUs as threads, registers, memory by effective address. In gdb:\n"
	"    target remote | hpt gdbserver SOURCE\n"
	"Nothing in the guest is changed, and it does not run: to continue leaves it where it is.\n"
	"'monitor help' tells what else can be asked.\n"
	"\n"
	"      --listen WHERE    stdio: standard input and output, if nothing is said;\n"
	"                        unix:PATH: a socket that only this user may connect to;\n"
	"                        ADDRESS:PORT: a TCP port, of a loopback address such as\n"
	"                        127.0.0.1; port 0: any that is free\n"
	"      --allow-remote    of any other address, too: whoever reaches it reads the guest\n"
	"      --once            end when the first debugger lets go; stdio always does\n"
	"      --endian ORDER    byte order of registers, big or little, if not that of the\n"
	"                        first vCPU that translates addresses, by its MSR[LE]\n"
	"  -h, --help            this text\n"
	"\n"
	"      --cpu N           this vCPU alone\n" //
	"      --registers FILE  of a source without vCPUs: its registers, as QEMU's\n"
	"                        'info registers' prints them\n"
	"      --slb FILE        likewise the SLB: what 'info tlb' prints\n"
	"      --processor NAME  rules and page sizes of a 970, power5+, power6, power7,\n"
	"                        power8, power9 or power10, if the source does not say\n"
	"      --linux[=CONTEXT] insist on Linux's segments, which are found anyway where they\n"
	"                        are seen; user addresses in CONTEXT\n"
	"      --linux-pages N   the kernel's PAGE_SIZE, 4K or 64K, where nothing tells it\n"
	"\n" SOURCE_HELP "\n"
	"Exit status: 0 it served, and was told to end; 1 the source has no vCPU; 2 an error.\n";

/* Beside exit statuses. */
#define TOLD_TO_END (-1)

struct gdbserver {
	struct asking asking;
	const char *where;
	bool once;
	bool allow_remote;
	enum gdb_endian endian;
	struct gdb_line line;
	struct gdb_guest guest;
	unsigned char bytes[16384];
};

static int send_bytes(void *arg, const void *bytes, size_t len)
{
	return gdb_send(arg, bytes, len) ? errno : 0;
}

/* One debugger, from its first word to its last. */
static int serve(struct gdbserver *server, enum gdb_end *end)
{
	struct gdb_session *session =
		gdb_session_begin(&server->guest, send_bytes, &server->line);

	if (!session) {
		complain("no memory");
		return EXIT_ERROR;
	}
	do {
		ssize_t n = gdb_receive(&server->line, server->bytes, sizeof(server->bytes));

		if (n < 0 && errno == EINTR)
			*end = GDB_KILLS;
		else if (n <= 0)
			*end = session->leaving ? session->leaving : GDB_DETACHES;
		else
			*end = gdb_session_take(session, server->bytes, (size_t)n);
	} while (!*end);
	gdb_session_end(session);
	gdb_hang_up(&server->line);
	return 0;
}

static int accept_one(struct gdbserver *server)
{
	if (!gdb_accept(&server->line))
		return 0;
	if (errno == EINTR)
		return TOLD_TO_END;
	complain("--listen %s: %s", server->where, strerror(errno));
	return EXIT_ERROR;
}

static int open_source(struct gdbserver *server)
{
	int ret;

	gdb_keep_waiting(&server->line, true);
	ret = gdb_guest_open(&server->guest, &server->asking, server->endian);
	gdb_keep_waiting(&server->line, false);
	return ret;
}

static void hold_on(void *arg)
{
	const struct gdbserver *server = arg;

	source_hold_on(&server->guest.machine.source);
}

/* A guest that runs stands still for each debugger, from its coming to its going. */
static int serve_running(struct gdbserver *server, enum gdb_end *end)
{
	int ret = accept_one(server);

	if (!ret)
		ret = open_source(server);
	if (ret)
		return ret;
	server->line.arg = server;
	server->line.tick = hold_on;
	ret = serve(server, end);
	server->line.tick = NULL;
	gdb_guest_close(&server->guest);
	return ret;
}

static int serve_saved(struct gdbserver *server, enum gdb_end *end)
{
	int ret = accept_one(server);

	return ret ? ret : serve(server, end);
}

/* Until it is told to end. */
static int serve_all(struct gdbserver *server)
{
	bool once = server->once || server->line.listener < 0;
	bool running = is_running(&server->asking.common);
	enum gdb_end end;
	int ret;

	do {
		ret = running ? serve_running(server, &end) : serve_saved(server, &end);
	} while (!ret && !once && end != GDB_KILLS);
	return ret == TOLD_TO_END ? 0 : ret;
}

static int serve_source(struct gdbserver *server)
{
	int ret;

	if (is_running(&server->asking.common)) {
		server->asking.common.hold = true;
		return serve_all(server);
	}
	/* On standard input and output it is there from the beginning. */
	if (server->line.listener < 0 && accept_one(server))
		return EXIT_ERROR;
	ret = open_source(server);
	if (ret)
		return ret;
	ret = serve_all(server);
	gdb_guest_close(&server->guest);
	return ret;
}

static int check(const struct gdbserver *server)
{
	const struct common *common = &server->asking.common;
	bool stdio = strcmp(server->where, "stdio") == 0;

	if (stdio && strcmp(common->source, "-") == 0)
		return usage_error(common->command,
				   "standard input is the debugger's: - is no "
				   "source with --listen stdio");
	return 0;
}

/* What listens now stays; in the end its socket is removed from where it lies. */
static int give_up(const struct gdb_line *line)
{
	const char *slash = line->path ? strrchr(line->path, '/') : NULL;
	char *directory = NULL;

	if (slash)
		directory = strndup(line->path, (size_t)(slash - line->path) + 1);
	else if (line->path)
		directory = strdup(".");
	if (line->path && !directory) {
		complain("no memory");
		return EXIT_ERROR;
	}
	sandbox_allow(SANDBOX_ACCEPT);
	sandbox_enter(directory);
	free(directory);
	return 0;
}

static int gdbserver_source(struct gdbserver *server, int argc, char **argv)
{
	const struct command *command = server->asking.common.command;
	int ret = options_end(&server->asking.common, argc, argv);

	if (!ret)
		ret = check(server);
	if (!ret)
		ret = gdb_listen(&server->line, command, server->where, server->allow_remote);
	if (ret)
		return ret;
	ret = give_up(&server->line);
	if (!ret)
		ret = serve_source(server);
	gdb_line_close(&server->line);
	return ret;
}

static int set_endian(struct gdbserver *server)
{
	if (strcmp(optarg, "big") == 0)
		server->endian = GDB_ENDIAN_BIG;
	else if (strcmp(optarg, "little") == 0)
		server->endian = GDB_ENDIAN_LITTLE;
	else
		return bad_value(&server->asking.common, "endian", optarg, "big or little");
	return 0;
}

static int set_option(struct gdbserver *server, int code)
{
	switch (code) {
	case OPT_LISTEN:
		server->where = optarg;
		return 0;
	case OPT_ONCE:
		server->once = true;
		return 0;
	case OPT_ALLOW_REMOTE:
		server->allow_remote = true;
		return 0;
	case OPT_ENDIAN:
		return set_endian(server);
	default:
		return asking_option(&server->asking, code);
	}
}

static int gdbserver_run(struct gdbserver *server, const struct command *self, int argc,
			 char **argv)
{
	int code, ret;

	if (asking_begin(&server->asking, self, argc))
		return EXIT_ERROR;
	while ((code = options_next(&server->asking.common, argc, argv)) != OPT_END)
		if (code == OPT_BAD || set_option(server, code))
			break;
	if (code != OPT_END)
		ret = EXIT_ERROR;
	else if (server->asking.common.help)
		ret = output_text(gdbserver_help);
	else
		ret = gdbserver_source(server, argc, argv);
	asking_end(&server->asking);
	return ret;
}

static int gdbserver_main(const struct command *self, int argc, char **argv)
{
	struct gdbserver *server = calloc(1, sizeof(*server));
	int ret;

	if (!server) {
		complain("no memory");
		return EXIT_ERROR;
	}
	server->where = "stdio";
	ret = gdbserver_run(server, self, argc, argv);
	free(server);
	return ret;
}

const struct command gdbserver_command = {
	.name = "gdbserver",
	.summary = "serve it to gdb",
	.help = gdbserver_help,
	.options = gdbserver_options,
	.short_options = ":h",
	.late = true,
	.run = gdbserver_main,
};
