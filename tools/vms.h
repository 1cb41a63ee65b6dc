/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_VMS_H
#define HPT_TOOL_VMS_H

/* The VMs of this host, as KVM shows them in debugfs. */

#include "tool.h"

/* One VM whose table KVM would list. */
struct vm {
	uint32_t pid;
	int32_t fd;	  /* of the VM, in that process; -1: the kernel does not say */
	char *path;	  /* of the listing */
	char process[64]; /* its name, or "" */
	char name[128];	  /* what -name of its command line says, or "" */
};

struct vms {
	struct vm *vm; /* by pid, then fd */
	size_t n;
	size_t others;	/* VMs without a listing: not KVM-HV */
	char *debugfs;	/* where it is mounted */
};

/* What a first look at a listing shows. */
enum vm_table {
	VM_TABLE = 0, /* there is at least one entry */
	VM_EMPTY,     /* nothing is listed */
	VM_RADIX,     /* nothing is listed: the guest uses radix */
	VM_GONE,      /* it has ended meanwhile */
};

/* Find them below @debugfs, or where it is mounted. 0, or EXIT_ERROR when that was said. */
int vms_find(struct vms *vms, const char *debugfs);
void vms_free(struct vms *vms);

/* One short look. Returns 0 and *@table, or EXIT_ERROR when that was said. */
int vm_look(const struct vm *vm, enum vm_table *table);

/* "PID-FD", or "PID": what is written behind "debugfs:". @text has 32 bytes. */
const char *vm_name(const struct vm *vm, char *text);

/* "PID" or "PID-FD" and nothing else; *@fd is -1 when it is not said. */
bool vm_parse(const char *text, uint32_t *pid, int32_t *fd);

#endif /* HPT_TOOL_VMS_H */
