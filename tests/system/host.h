/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef SYSTEM_HOST_H
#define SYSTEM_HOST_H

/* VMs on the KVM host, and what the kernel says of their tables by another way than ours. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <hpt/hpt.h>

#define HOST_VM_HV 1 /* machine type of KVM_CREATE_VM */
#define HOST_GUEST_BYTES (16u << 20)

extern int host_kvm; /* descriptor of /dev/kvm */
extern bool host_v3; /* a POWER9: its debugfs listing has ISA 3.0 forms */

/* Opens /dev/kvm; false: printed a plan of nothing. */
bool host_start(void);

int host_vm(void);              /* a new VM; -1 with errno */
void *host_give_memory(int vm); /* HOST_GUEST_BYTES at real address 0; NULL */
bool host_give_table(int vm, uint32_t order);

/* A line of the kernel's listing of a table as it stands there. */
struct host_line {
	uint64_t ptex, v, host_r, guest_r;
};

/* Gives each line of a VM's listing to @fn until it says false; true: it said so never, and
 * all of the listing made sense. */
bool host_each_line(int vm, bool (*fn)(void *arg, const struct host_line *line), void *arg);

/* All @n slots of the listing, as the guest sees them. */
bool host_listing(int vm, uint64_t n, struct hpt_entry *out);

/* The entry of a line (@v3: in the ISA 3.0 form), likewise. */
struct hpt_entry host_entry(const struct host_line *line, bool v3);

/* The next line of such a listing, or false. */
bool host_next_line(FILE *file, struct host_line *line);

#endif /* SYSTEM_HOST_H */
