/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/* examples/kvm-hypervisor: each exit of its vCPU, and what it did then. */

#include "vcpu.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char path[] = "/kvm-hypervisor";

static const char *const narrative[] = {
	"added the segment of 0x10000000",
	"entered code at 0x10000000: slot 0x808",
	"entered read-only at 0x10002000: slot 0x818",
	"entered key 5 at 0x10003000: slot 0x810",
	"entered function at 0x10004000: slot 0x828",
	"load from 0x10001000: interrupt 0x300, DSISR 40000000: no entry",
	"entered data at 0x10001000: slot 0x800",
	"store to 0x10002000: interrupt 0x300, DSISR 0a000000: protection",
	"changed slot 0x818",
	"store to 0x10003000: interrupt 0x300, DSISR 02200000: key",
	"cleared AMR",
	"load from 0x20000030: interrupt 0x380: no segment",
	"added the segment of 0x20000000",
	"load from 0x20000030: interrupt 0x300, DSISR 40000000: no entry",
	"entered 64K at 0x20000000: slot 0x1010",
	"fetch from 0x10004000: interrupt 0x400, SRR1 10000000: no execute",
	"changed slot 0x828",
	"store to 0x10005000: interrupt 0x300, DSISR 42000000: no entry",
	"entered device at 0x10005000: slot 0x820",
	"4 bytes to the device at 0x40000000: 0000002a",
	"the guest is done: 42",
	"code      0x10000000 -> 0x10000, 4K, referenced",
	"data      0x10001000 -> 0x11000, 4K, referenced",
	"read-only 0x10002000 -> 0x12000, 4K, referenced, changed",
	"key 5     0x10003000 -> 0x13000, 4K, referenced, changed",
	"function  0x10004000 -> 0x14000, 4K, referenced",
	"device    0x10005000 -> 0x40000000, 4K",
	"64K       0x20000000 -> 0x20000, 64K, referenced",
};

#define N_LINES (sizeof(narrative) / sizeof(narrative[0]))

static int run_example(FILE *out)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		dup2(fileno(out), STDOUT_FILENO);
		dup2(fileno(out), STDERR_FILENO);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static bool is_line(const char *line, size_t i)
{
	size_t len = strcspn(line, "\n");

	return i < N_LINES && len == strlen(narrative[i]) && !strncmp(line, narrative[i], len);
}

void test_example(void)
{
	FILE *out = tmpfile();
	char line[400];
	size_t n = 0;

	tap_begin("the example's vCPU and what libhpt says of its exits");
	if (CHECK(out)) {
		CHECK(run_example(out) == 0);
		rewind(out);
		for (; fgets(line, sizeof(line), out); n++)
			if (!CHECK(is_line(line, n)))
				printf("# line %zu: %s# expected: %s\n", n + 1, line,
				       n < N_LINES ? narrative[n] : "no more");
		CHECK(n == N_LINES);
		fclose(out);
	}
	tap_end();
}
