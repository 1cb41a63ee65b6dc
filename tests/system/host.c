/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define KERNEL_R_MARK (UINT64_C(1) << 62) /* "modified", in guest_r */

int host_kvm = -1;
bool host_v3;

static bool on_power9(void)
{
	char line[200];
	bool found = false;
	FILE *file = fopen("/proc/cpuinfo", "r");

	while (file && fgets(line, sizeof(line), file))
		found |= strstr(line, "POWER9") != NULL;
	if (file)
		fclose(file);
	return found;
}

bool host_start(void)
{
	host_v3 = on_power9();
	host_kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (host_kvm < 0)
		printf("1..0 # SKIP no /dev/kvm: %s\n", strerror(errno));
	return host_kvm >= 0;
}

int host_vm(void)
{
	return ioctl(host_kvm, KVM_CREATE_VM, HOST_VM_HV);
}

void *host_give_memory(int vm)
{
	struct kvm_userspace_memory_region region = { .memory_size = HOST_GUEST_BYTES };
	void *memory = mmap(NULL, HOST_GUEST_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	/* Base pages, so that the kernel must refuse larger ones. */
	madvise(memory, HOST_GUEST_BYTES, MADV_NOHUGEPAGE);
	memset(memory, 1, HOST_GUEST_BYTES);
	region.userspace_addr = (uintptr_t)memory;
	if (!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		return memory;
	munmap(memory, HOST_GUEST_BYTES);
	return NULL;
}

bool host_give_table(int vm, uint32_t order)
{
	uint32_t got = order;

	return ioctl(vm, KVM_PPC_ALLOCATE_HTAB, &got) == 0 && got == order;
}

struct hpt_entry host_entry(const struct host_line *line, bool v3)
{
	struct hpt_entry entry = { .v = line->v & ~HPT_V_HYPERVISOR,
				   .r = line->guest_r & ~KERNEL_R_MARK };

	if (v3) /* B is in the second doubleword */
		entry.v = (entry.v & UINT64_C(0x000FFFFFFFFFFFFF)) | (line->host_r >> 58 & 3)
									     << 62;
	if (line->v & HPT_V_VALID) /* what the hardware has set since */
		entry.r |= line->host_r & (HPT_R_REFERENCED | HPT_R_CHANGED);
	entry.v |= HPT_V_VALID; /* absent entries lack it */
	return entry;
}

bool host_next_line(FILE *file, struct host_line *line)
{
	return fscanf(file, "%" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &line->ptex,
		      &line->v, &line->host_r, &line->guest_r) == 4;
}

bool host_each_line(int vm, bool (*fn)(void *arg, const struct host_line *line), void *arg)
{
	struct host_line line;
	bool good = true;
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/htab", getpid(), vm);
	file = fopen(path, "r");
	if (!file)
		return false;
	while (good && host_next_line(file, &line))
		good = fn(arg, &line);
	good = good && feof(file);
	return !fclose(file) && good;
}

struct listing {
	uint64_t n;
	struct hpt_entry *out;
};

static bool put_line(void *arg, const struct host_line *line)
{
	struct listing *listing = arg;

	if (line->ptex >= listing->n)
		return false; /* a slot beyond the table */
	listing->out[line->ptex] = host_entry(line, host_v3);
	return true;
}

bool host_listing(int vm, uint64_t n, struct hpt_entry *out)
{
	struct listing listing = { n, out };

	memset(out, 0, n * sizeof(*out));
	return host_each_line(vm, put_line, &listing);
}
