/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "source.h"
#include "vms.h"

/* debugfs:PID, debugfs:PID-FD and debugfs:PATH: KVM's own listing of a guest's table. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>

/* The VMs of a process: how many, and the first of them. */
static size_t of_process(const struct vms *vms, uint32_t pid, int32_t fd, const struct vm **out)
{
	size_t n = 0;

	for (size_t i = 0; i < vms->n; i++) {
		const struct vm *vm = &vms->vm[i];

		if (vm->pid == pid && (fd < 0 || vm->fd == fd) && !n++)
			*out = vm;
	}
	return n;
}

static int no_vm(const struct vms *vms, uint32_t pid, int32_t fd)
{
	const struct vm *vm;
	unsigned id = pid;

	if (fd >= 0 && of_process(vms, pid, -1, &vm))
		complain("process %u has no VM with descriptor %d; 'hpt list' shows which it "
			 "has", id, (int)fd);
	else if (!pid || (kill((pid_t)pid, 0) && errno == ESRCH))
		complain("there is no process %u; 'hpt list' shows the guests", id);
	else if (vms->others)
		complain("process %u has no VM for which KVM lists a table: only KVM-HV does, on "
			 "a POWER host; 'hpt list' shows the guests", id);
	else
		complain("process %u has no VM; 'hpt list' shows the guests", id);
	return EXIT_ERROR;
}

static int several(const struct vms *vms, uint32_t pid, size_t n)
{
	char names[160] = "", text[32];

	for (size_t i = 0; i < vms->n; i++) {
		size_t used = strlen(names);

		if (vms->vm[i].pid == pid)
			snprintf(names + used, sizeof(names) - used, "%sdebugfs:%s",
				 used ? ", " : "", vm_name(&vms->vm[i], text));
	}
	complain("process %u has %zu VMs: say which of %s", (unsigned)pid, n, names);
	return EXIT_ERROR;
}

static int check_vm(const struct vm *vm)
{
	enum vm_table table;
	int ret = vm_look(vm, &table);

	if (ret)
		return ret;
	if (table == VM_RADIX) {
		complain("no hashed page table: the guest of process %u uses radix",
			 (unsigned)vm->pid);
		return EXIT_NO;
	}
	if (table == VM_GONE) {
		complain("the guest of process %u has ended", (unsigned)vm->pid);
		return EXIT_ERROR;
	}
	return 0;
}

static int open_vm(struct source *source, const struct common *common, uint32_t pid, int32_t fd,
		   uint32_t flags, struct hpt_error *err)
{
	const struct vm *vm = NULL;
	struct vms vms;
	size_t n;
	int ret = vms_find(&vms, common->debugfs);

	if (ret)
		return ret;
	n = of_process(&vms, pid, fd, &vm);
	if (!n)
		ret = no_vm(&vms, pid, fd);
	else if (n > 1)
		ret = several(&vms, pid, n);
	else
		ret = check_vm(vm);
	if (!ret)
		ret = source_open_path(source, common, vm->path, flags, err);
	vms_free(&vms);
	return ret;
}

int open_debugfs(struct source *source, const struct common *common, const char *rest,
		 uint32_t flags, struct hpt_error *err)
{
	struct common listing = *common;
	enum hpt_source_kind kind = common->guest.kind;
	uint32_t pid;
	int32_t fd;

	if (common->ram || (kind && kind != HPT_SOURCE_LISTING))
		return usage_error(common->command, "debugfs: is of kind kvm-debugfs");
	listing.guest.kind = HPT_SOURCE_LISTING;
	if (vm_parse(rest, &pid, &fd))
		return open_vm(source, &listing, pid, fd, flags, err);
	return source_open_path(source, &listing, strcmp(rest, "-") ? rest : "./-", flags, err);
}
