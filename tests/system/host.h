/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef SYSTEM_HOST_H
#define SYSTEM_HOST_H

/* VMs on the KVM host, and what the kernel says of their tables by another way than ours. */

#include <stdbool.h>
#include <stdint.h>

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

/* The kernel's listing of a VM's table, all @n slots, as the guest sees them. */
bool host_listing(int vm, uint64_t n, struct hpt_entry *out);

/* A line of such a listing, "v host_r guest_r" (@v3: in the ISA 3.0 form), likewise. */
struct hpt_entry host_from_listing(uint64_t v, uint64_t host_r, uint64_t guest_r, bool v3);

#endif /* SYSTEM_HOST_H */
