/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The system calls that the KVM backend makes, as strace counts them: a child of this program
 * reads and writes tables under strace and marks each step, and strace's log is compared with
 * what a step may cost.
 */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "raw.h"

#define LOG "/tmp/strace.log"
#define MAX_LINE 400
#define STEPS 11 /* of each order */

/* What strace saw from one mark to the next. */
struct counts {
	char mark[100];
	unsigned opens, reads, writes, closes, memory, others;
	uint64_t bytes_read;
};

/* The child ---------------------------------------------------------------------------- */

/* A call that does nothing, for the log. */
__attribute__((format(printf, 1, 2))) static void mark(const char *format, ...)
{
	char text[100];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (chdir(text) == 0)
		_exit(3);
}

static int count_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	(void)ptex, (void)entries;
	*(uint64_t *)arg += n;
	return 0;
}

static void step(struct guest *g, size_t n)
{
	mark("read order %u n %zu", g->order, n);
	CHECK(hpt_table_read(g->table, 96, n, g->found, &err) == 0);
	mark("end");
}

static void steps(unsigned order)
{
	static const size_t counts[] = { 1, 2, 7, 8, 9, 4096, 8192 };
	uint64_t valid = 0;
	struct guest g;

	if (!guest_start(&g, order))
		exit(4);
	guest_equip(&g);
	guest_write(&g, 0, 16384, 1, 1);
	if (order > 18)
		guest_write(&g, g.n - 64, 64, 1, 2);
	/* First, while the handle's buffer is as it was made. */
	mark("visit order %u n %zu", order, (size_t)g.n);
	CHECK(hpt_table_each(g.table, 0, UINT64_MAX, count_run, &valid, &err) == 0);
	mark("end");
	CHECK(valid == 16384 + (order > 18 ? 32 : 0));
	for (unsigned i = 0; i < COUNT(counts); i++)
		step(&g, counts[i]);
	mark("whole order %u n %zu", order, (size_t)g.n);
	CHECK(hpt_table_read(g.table, 0, g.n, g.found, &err) == 0);
	mark("write order %u n 4096", order);
	CHECK(hpt_table_write(g.table, 96, 4096, g.truth + 96, &err) == 0);
	mark("clear order %u n %zu", order, (size_t)g.n);
	CHECK(hpt_table_clear(g.table, 0, g.n, &err) == 0);
	mark("end");
	guest_end(&g);
}

static int traced(void)
{
	tap_begin("traced");
	steps(18);
	steps(21);
	steps(24);
	tap_end();
	return tap_finish();
}

/* The log ------------------------------------------------------------------------------ */

static bool is_call(const char *line, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(line, name, len) && line[len] == '(';
}

static void count_line(struct counts *c, const char *line)
{
	const char *result = strrchr(line, '=');
	long long value = result ? strtoll(result + 1, NULL, 10) : -1;

	if (is_call(line, "ioctl") && strstr(line, "KVM_PPC_GET_HTAB_FD")) {
		c->opens++;
	} else if (is_call(line, "read")) {
		c->reads++;
		c->bytes_read += value > 0 ? (uint64_t)value : 0;
	} else if (is_call(line, "write")) {
		c->writes++;
	} else if (is_call(line, "close")) {
		c->closes++;
	} else if (is_call(line, "mmap") || is_call(line, "munmap") ||
		   is_call(line, "mremap") || is_call(line, "brk")) {
		c->memory++; /* libc's, for a longer buffer */
	} else {
		c->others++;
		if (strstr(c->mark, " n "))
			printf("# other: %s", line);
	}
}

static void check_step(const struct counts *c)
{
	unsigned order;
	size_t n;
	char what[20];

	if (sscanf(c->mark, "%19s order %u n %zu", what, &order, &n) != 3)
		return;
	tap_begin("strace: %s", c->mark);
	printf("# %s: %u ioctl, %u read (%" PRIu64 " bytes), %u write, %u close, %u memory\n",
	       c->mark, c->opens, c->reads, c->bytes_read, c->writes, c->closes, c->memory);
	CHECK(c->opens == 1 && c->closes == 1 && c->others == 0);
	if (!strcmp(what, "read") || !strcmp(what, "whole")) {
		CHECK(c->reads == 1 && c->writes == 0);
		CHECK(c->memory == 0 || n > 4096); /* the handle's own buffer is for 4,096 */
	} else if (!strcmp(what, "visit")) {
		CHECK(c->reads <= c->bytes_read / 65536 + 3 && c->writes == 0);
		CHECK(c->memory == 0);
	} else {
		CHECK(c->writes == 1 && c->reads == 0 && c->memory == 0);
	}
	tap_end();
}

static unsigned check_log(void)
{
	struct counts c = { .mark = "" };
	char line[MAX_LINE];
	unsigned steps_seen = 0;
	FILE *file = fopen(LOG, "r");

	while (file && fgets(line, sizeof(line), file)) {
		if (!is_call(line, "chdir")) {
			count_line(&c, line);
			continue;
		}
		check_step(&c);
		memset(&c, 0, sizeof(c));
		sscanf(line, "chdir(\"%99[^\"]", c.mark);
		steps_seen += strcmp(c.mark, "end") != 0;
	}
	if (file)
		fclose(file);
	return steps_seen;
}

static void run_strace(void)
{
	int status = -1;
	pid_t child = fork();

	tap_begin("strace counts the system calls of reads and writes");
	if (child == 0) {
		char path[200] = "";

		if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0 ||
		    !freopen("/tmp/traced.out", "w", stdout))
			_exit(5);
		execl("/bin/strace", "strace", "-o", LOG, path, "traced", (char *)NULL);
		_exit(6);
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	tap_end();
}

/* The cost of opening ------------------------------------------------------------------- */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double time_opens(const struct guest *g, uint64_t flags)
{
	const unsigned n = 200;
	double begun = seconds();

	for (unsigned i = 0; i < n; i++)
		close(raw_open(g, flags, 0));
	return (seconds() - begun) / n * 1e6;
}

/* Said, not checked: a figure of an emulated machine. */
static void say_cost(void)
{
	struct guest g;

	if (guest_start_filled(&g, HPT_ORDER_MIN))
		printf("# opening and closing a descriptor: %.0f us to read, %.0f us to write\n",
		       time_opens(&g, 0), time_opens(&g, RAW_WRITE));
	guest_end(&g);
}

int main(int argc, char **argv)
{
	unsigned seen;

	if (!host_start())
		return 1;
	if (argc > 1 && !strcmp(argv[1], "traced"))
		return traced();
	run_strace();
	seen = check_log();
	tap_begin("strace saw every step");
	CHECK(seen == 3 * STEPS);
	tap_end();
	say_cost();
	return tap_finish();
}
