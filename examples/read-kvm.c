/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/*
 * How a hypervisor reads the table of a guest of its own under KVM-HV: n entries from any
 * index, by one call. Needs a POWER host; elsewhere it says so and exits with 77.
 *
 * Do not do this while the guest is being migrated: see <hpt/kvm.h>.
 *
 *	cc read-kvm.c $(pkg-config --cflags --libs libhpt)
 */

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L /* O_CLOEXEC, under -std=c11 */
#endif

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <hpt/hpt.h>

/* From the kernel's <linux/kvm.h>, so that this builds where that has no POWER part. */
#define KVM_CREATE_VM _IO(0xAE, 0x01)
#define KVM_VM_PPC_HV 1ul
#define KVM_PPC_ALLOCATE_HTAB _IOWR(0xAE, 0xa7, uint32_t)

#define NOT_HERE 77

static int print_entries(struct hpt_table *table, uint64_t ptex, size_t n)
{
	struct hpt_entry entries[64];
	struct hpt_error err;

	if (n > sizeof(entries) / sizeof(entries[0]))
		n = sizeof(entries) / sizeof(entries[0]);
	if (hpt_table_read(table, ptex, n, entries, &err)) {
		fprintf(stderr, "read-kvm: %s\n", err.text);
		return 1;
	}
	for (size_t i = 0; i < n; i++)
		printf("%#8" PRIx64 "  %016" PRIx64 " %016" PRIx64 "%s\n", ptex + i,
		       entries[i].v, entries[i].r,
		       entries[i].v & HPT_V_VALID ? "" : "  (invalid)");
	return 0;
}

/* A real hypervisor has its VM already, and asked for the table's order itself. */
static int read_table(int vm_fd, unsigned order)
{
	struct hpt_kvm_options options = {
		.size = sizeof(options),
		.flags = HPT_KVM_READ_ONLY,
	};
	struct hpt_table *table;
	struct hpt_error err;
	int ret = hpt_kvm_open(vm_fd, order, &options, &table, &err);

	if (ret) {
		fprintf(stderr, "read-kvm: %s\n", err.text);
		return ret == HPT_ERR_UNSUPPORTED ? NOT_HERE : 1;
	}
	ret = print_entries(table, 0, 16);
	hpt_table_close(table);
	return ret;
}

static int make_vm(int *kvm_fd)
{
	int vm_fd;

	*kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (*kvm_fd < 0) {
		fprintf(stderr, "read-kvm: /dev/kvm: %s: is this a POWER host with kvm_hv?\n",
			strerror(errno));
		return -1;
	}
	vm_fd = ioctl(*kvm_fd, KVM_CREATE_VM, KVM_VM_PPC_HV);
	if (vm_fd < 0)
		fprintf(stderr,
			"read-kvm: no KVM-HV guest can be made here (%s): this needs a "
			"POWER host with kvm_hv\n",
			strerror(errno));
	return vm_fd;
}

int main(void)
{
	uint32_t order = 24; /* 16 MiB; the kernel may give less */
	int kvm_fd, vm_fd;
	int ret = NOT_HERE;

	vm_fd = make_vm(&kvm_fd);
	if (vm_fd >= 0) {
		if (ioctl(vm_fd, KVM_PPC_ALLOCATE_HTAB, &order) < 0)
			fprintf(stderr,
				"read-kvm: no hashed page table can be had here "
				"(%s): this needs a POWER host with kvm_hv\n",
				strerror(errno));
		else
			ret = read_table(vm_fd, order);
		(void)close(vm_fd);
	}
	if (kvm_fd >= 0)
		(void)close(kvm_fd);
	return ret;
}
