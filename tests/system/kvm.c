/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The KVM backend on the real thing: runs as a user program on a KVM-HV host, makes VMs, and
 * checks what libhpt reads and writes against what was written and against the kernel's own
 * listing of each table in debugfs. TAP on standard output.
 */

#include "kvm_parts.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LARGEST_ORDER 28
#define USUAL_ORDER 24 /* of a guest of 2 GiB */

static void check_order(unsigned order)
{
	struct guest g;

	tap_begin("order %u: a VM", order);
	if (!guest_start(&g, order)) {
		tap_end();
		guest_end(&g);
		return;
	}
	tap_end();
	check_reading(&g);
	check_order_from_stream(&g);
	check_passes(&g);
	if (order <= WHOLE_ORDER) {
		if (order % 3 == 0)
			check_writing(&g);
		check_wrong_orders(&g);
	}
	if (order == HPT_ORDER_MIN)
		check_bolted(&g);
	check_patterns(&g);
	guest_end(&g);
}

/* The kernel is little-endian; a program of the other byte order it does not even start. */
static void check_other_byte_order(void)
{
	static const char path[] = "/big-endian/kvm";
	int status = -1;
	pid_t child;

	tap_begin("a little-endian kernel refuses a big-endian program: ENOEXEC");
	if (access(path, X_OK)) {
		tap_skip("none was built");
		return;
	}
	child = fork();
	if (child == 0) {
		execl(path, path, (char *)NULL);
		_exit(errno == ENOEXEC ? 126 : 127);
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 126);
	tap_end();
}

static unsigned order_from(const char *variable, unsigned otherwise)
{
	const char *value = getenv(variable);

	return value ? (unsigned)atoi(value) : otherwise;
}

/*
 * Every second order, where another machine has the others: ORDERS is even or odd. All have the
 * smallest, the largest, and one that a guest may well have.
 */
static bool is_ours(unsigned order)
{
	const char *which = getenv("ORDERS");

	if (!which || order == HPT_ORDER_MIN || order == USUAL_ORDER || order == LARGEST_ORDER)
		return true;
	return order % 2 == (strcmp(which, "odd") == 0);
}

int main(void)
{
	/* To try something out quickly; the kernel hands them on from its parameters. */
	unsigned first = order_from("FIRST_ORDER", HPT_ORDER_MIN);
	unsigned last = order_from("LARGEST_ORDER", LARGEST_ORDER);

	if (!host_start())
		return 1;
	check_wrong();
	check_kernel_reads();
	check_kernel_writes();
	check_restores();
	for (unsigned order = first; order <= last; order++)
		if (is_ours(order))
			check_order(order);
	check_other_byte_order();
	return tap_finish();
}
