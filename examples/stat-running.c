/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/*
 * Counts the valid entries of a guest that runs under QEMU, by the socket of a monitor:
 *
 *	qemu-system-ppc64 ... -qmp unix:hpt.sock,server=on,wait=off
 *	stat-running hpt.sock
 *
 *	cc stat-running.c $(pkg-config --cflags --libs libhpt-guest)
 *
 * This program must not be killed while it looks: the guest might stand still for good. See
 * hpt/qmp.h, and what the command hpt does about it.
 */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include <hpt/guest.h>
#include <hpt/hpt.h>
#include <hpt/qmp.h>

static volatile sig_atomic_t interrupted;

static void interrupt(int sign)
{
	(void)sign;
	interrupted = 1;
}

/* Asked about once a second: Ctrl-C ends the look, and the guest goes on. */
static int watch(void *arg, enum hpt_qmp_step step, const struct hpt_qmp_before *before)
{
	(void)arg;
	(void)before;
	return step != HPT_QMP_END && interrupted;
}

static int count(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	(void)ptex;
	(void)entries;
	*(uint64_t *)arg += n;
	return 0;
}

int main(int argc, char **argv)
{
	struct hpt_qmp_options options = { .size = sizeof(options), .watch = watch };
	struct hpt_qmp_report report = { .size = sizeof(report) };
	struct hpt_guest *guest = NULL;
	struct hpt_table *table;
	struct hpt_error err;
	uint64_t valid = 0;
	int ret;

	if (argc != 2) {
		fprintf(stderr, "usage: stat-running SOCKET\n");
		return 2;
	}
	signal(SIGINT, interrupt);
	signal(SIGTERM, interrupt);
	ret = hpt_qmp_open_guest(argv[1], &options, NULL, &guest, &report, &err);
	if (!ret)
		ret = hpt_guest_table(guest, &table, &err);
	if (!ret)
		ret = hpt_table_each(table, 0, UINT64_MAX, count, &valid, &err);
	if (!ret)
		printf("%" PRIu64 " of %" PRIu64
		       " entries are valid; the guest stood still for "
		       "%" PRIu64 " us\n",
		       valid, hpt_table_entries(table), report.still_us);
	else
		fprintf(stderr, "stat-running: %s\n", err.text);
	hpt_guest_close(guest);
	return ret == 0 ? 0 : ret == HPT_ERR_NO_HPT ? 1 : 2;
}
