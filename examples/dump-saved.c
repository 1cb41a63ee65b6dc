/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/*
 * The least that a debugger does with a saved guest: open it, whatever it is and however
 * compressed, and print what each entry maps.
 *
 *	cc dump-saved.c $(pkg-config --cflags --libs libhpt-guest)
 */

#include <inttypes.h>
#include <stdio.h>

#include <hpt/guest.h>
#include <hpt/hpt.h>

struct printer {
	const struct hpt_page_sizes *sizes;
	unsigned order;
};

static void print_entry(const struct printer *printer, uint64_t ptex, struct hpt_entry entry)
{
	struct hpt_error err;
	struct hpt_page page;
	struct hpt_va va;

	/* The entry says its page size; the group it stands in, the rest of its address. */
	if (hpt_entry_page(printer->sizes, entry, &page, &err) ||
	    hpt_entry_va(entry, ptex, printer->order, page.base_shift, &va, &err)) {
		printf("%#8" PRIx64 "  %s\n", ptex, err.text);
		return;
	}
	printf("%#8" PRIx64 "  vsid %#10" PRIx64 " + %#010" PRIx64 " -> %#12" PRIx64
	       "  2^%u bytes\n",
	       ptex, va.vsid, va.offset, hpt_entry_ra(entry, page.actual_shift),
	       (unsigned)page.actual_shift);
}

static int print_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	for (size_t i = 0; i < n; i++)
		print_entry(arg, ptex + i, entries[i]);
	return 0;
}

int main(int argc, char **argv)
{
	struct printer printer = { .sizes = hpt_page_sizes_of(HPT_CPU_POWER8) };
	struct hpt_guest *guest = NULL;
	struct hpt_table *table;
	struct hpt_error err;
	int ret;

	if (argc != 2) {
		fprintf(stderr, "usage: dump-saved FILE\n");
		return 2;
	}
	ret = hpt_guest_open(argv[1], NULL, &guest, &err);
	if (!ret)
		ret = hpt_guest_table(guest, &table, &err);
	if (!ret) {
		printer.order = hpt_table_order(table);
		ret = hpt_table_each(table, 0, UINT64_MAX, print_run, &printer, &err);
	}
	if (ret)
		fprintf(stderr, "dump-saved: %s\n", err.text);
	hpt_guest_close(guest);
	return ret == 0 ? 0 : ret == HPT_ERR_NO_HPT ? 1 : 2;
}
