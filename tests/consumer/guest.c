/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/* An outside user of libhpt-guest, in C: guest FILE prints a saved guest's valid entries. */

#include <inttypes.h>
#include <stdio.h>

#include <hpt/guest.h>
#include <hpt/hpt.h>

static int print_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	(void)arg;
	for (size_t i = 0; i < n; i++)
		printf("%" PRIx64 " %016" PRIx64 " %016" PRIx64 "\n", ptex + i, entries[i].v,
		       entries[i].r);
	return 0;
}

int main(int argc, char **argv)
{
	struct hpt_guest *guest = NULL;
	struct hpt_table *table;
	struct hpt_error err;
	int ret;

	if (argc != 2)
		return 2;
	ret = hpt_guest_open(argv[1], NULL, &guest, &err);
	if (!ret)
		ret = hpt_guest_table(guest, &table, &err);
	if (!ret)
		ret = hpt_table_each(table, 0, UINT64_MAX, print_run, NULL, &err);
	if (ret)
		fprintf(stderr, "%s\n", err.text);
	hpt_guest_close(guest);
	return ret != 0;
}
