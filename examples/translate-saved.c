/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/*
 * What a debugger asks of a saved guest: where does an effective address of a vCPU lead, why
 * if nowhere, and what bytes are there? The guest may be one of PAPR's or a bare machine:
 * the library knows where the table is.
 *
 *	cc translate-saved.c $(pkg-config --cflags --libs libhpt-guest)
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <hpt/guest.h>
#include <hpt/hpt.h>

static void print_bytes(struct hpt_guest *guest, uint64_t ra)
{
	unsigned char bytes[16];
	struct hpt_error err;

	if (hpt_guest_read(guest, ra, sizeof(bytes), bytes, &err)) {
		printf("  %s\n", err.text);
		return;
	}
	for (size_t i = 0; i < sizeof(bytes); i++)
		printf(" %02x", bytes[i]);
	printf("\n");
}

/* The segments of that vCPU, the one table of the guest, and no right in the way. */
static int translate(struct hpt_guest *guest, size_t vcpu, uint64_t ea, struct hpt_error *err)
{
	struct hpt_translation answer = { .size = sizeof(answer) };
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	struct hpt_table *table;
	int ret = hpt_guest_table(guest, &table, err);

	if (!ret)
		ret = hpt_guest_cpu(guest, vcpu, &cpu, err);
	if (!ret)
		ret = hpt_translate(&cpu, table, ea, HPT_ACCESS_READ,
				    HPT_XLATE_DEBUG | HPT_XLATE_ON, &answer, err);
	if (ret)
		return ret;
	if (answer.outcome != HPT_OUTCOME_MAPPED) {
		printf("%#" PRIx64 ": %s, interrupt %#" PRIx32 "\n", ea,
		       hpt_outcome_name(answer.outcome), answer.interrupt);
		return 0;
	}
	printf("%#" PRIx64 " -> %#" PRIx64 " in a page of 2^%u bytes:", ea, answer.ra,
	       (unsigned)answer.page_shift);
	print_bytes(guest, answer.ra);
	return 0;
}

int main(int argc, char **argv)
{
	struct hpt_guest_options options = { .size = sizeof(options),
					     .flags = HPT_GUEST_MEMORY };
	struct hpt_guest *guest = NULL;
	struct hpt_error err;
	int ret;

	if (argc != 4) {
		fprintf(stderr, "usage: translate-saved FILE VCPU EA\n");
		return 2;
	}
	ret = hpt_guest_open(argv[1], &options, &guest, &err);
	if (!ret)
		ret = translate(guest, strtoul(argv[2], NULL, 0), strtoull(argv[3], NULL, 0),
				&err);
	if (ret)
		fprintf(stderr, "translate-saved: %s\n", err.text);
	hpt_guest_close(guest);
	return ret == 0 ? 0 : ret == HPT_ERR_NO_HPT ? 1 : 2;
}
