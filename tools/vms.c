/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "vms.h"

/* Finding the VMs of this host: DEBUGFS/kvm/PID-FD/htab, before Linux 5.18 kvm/vmPID/htab. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A number without sign, space or zeros before it; returns what is behind it, or NULL. */
static const char *scan(const char *text, uint32_t max, uint32_t *out)
{
	uint64_t value = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		value = value * 10 + (uint64_t)(*p - '0');
		if (value > max || (p > text && *text == '0'))
			return NULL;
	}
	*out = (uint32_t)value;
	return p > text ? p : NULL;
}

bool vm_parse(const char *text, uint32_t *pid, int32_t *fd)
{
	const char *end = scan(text, INT32_MAX, pid);
	uint32_t number = 0;

	*fd = -1;
	if (end && *end == '-') {
		end = scan(end + 1, INT32_MAX, &number);
		*fd = (int32_t)number;
	}
	return end && *end == '\0';
}

/* A directory of a VM, as either kernel names it. */
static bool parse_directory(const char *name, uint32_t *pid, int32_t *fd)
{
	if (strncmp(name, "vm", 2) == 0)
		return vm_parse(name + 2, pid, fd) && *fd < 0;
	return vm_parse(name, pid, fd) && *fd >= 0;
}

const char *vm_name(const struct vm *vm, char *text)
{
	if (vm->fd < 0)
		snprintf(text, 32, "%u", (unsigned)vm->pid);
	else
		snprintf(text, 32, "%u-%d", (unsigned)vm->pid, (int)vm->fd);
	return text;
}

/* The first bytes of a small file; how many, or -1 with errno. A NUL is put behind them. */
static ssize_t read_some(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n = fd < 0 ? -1 : 1;
	int saved;

	while (fd >= 0 && n > 0 && have < room - 1) {
		n = read(fd, text + have, room - 1 - have);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			have += (size_t)n;
	}
	saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	text[have] = '\0';
	return n < 0 ? -1 : (ssize_t)have;
}

/* QEMU's "-name guest=NAME,..." or "-name NAME,...": a comma in it is written twice. */
static void take_name(struct vm *vm, const char *value)
{
	size_t n = 0;

	if (strncmp(value, "guest=", 6) == 0)
		value += 6;
	for (; *value && n < sizeof(vm->name) - 1; value++) {
		if (*value == ',' && *++value != ',')
			break;
		vm->name[n++] = *value;
	}
	vm->name[n] = '\0';
}

static void find_name(struct vm *vm)
{
	static char text[64 * 1024];
	char path[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", (unsigned)vm->pid);
	len = read_some(path, text, sizeof(text));
	for (ssize_t at = 0; at < len;) {
		ssize_t next = at + (ssize_t)strlen(text + at) + 1;

		if (!strcmp(text + at, "-name") || !strcmp(text + at, "--name")) {
			take_name(vm, next < len ? text + next : "");
			return;
		}
		at = next;
	}
}

static void find_process(struct vm *vm)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/comm", (unsigned)vm->pid);
	if (read_some(path, vm->process, sizeof(vm->process)) < 0)
		return;
	vm->process[strcspn(vm->process, "\n")] = '\0';
	find_name(vm);
}

static int no_memory(void)
{
	complain("no memory");
	return EXIT_ERROR;
}

static int add(struct vms *vms, const struct vm *vm)
{
	struct vm *bigger = realloc(vms->vm, (vms->n + 1) * sizeof(*bigger));

	if (!bigger) {
		free(vm->path);
		return no_memory();
	}
	vms->vm = bigger;
	vms->vm[vms->n++] = *vm;
	find_process(&vms->vm[vms->n - 1]);
	return 0;
}

static int take_entry(struct vms *vms, const char *name)
{
	struct vm vm = { .pid = 0 };

	if (!parse_directory(name, &vm.pid, &vm.fd))
		return 0;
	if (asprintf(&vm.path, "%s/kvm/%s/htab", vms->debugfs, name) < 0)
		return no_memory();
	if (access(vm.path, F_OK)) {
		free(vm.path);
		vms->others++;
		return 0;
	}
	return add(vms, &vm);
}

static int by_pid(const void *a, const void *b)
{
	const struct vm *x = a;
	const struct vm *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

/* Why the directory of the VMs cannot be looked into, and what to do. */
static int cannot_look(const char *debugfs, const char *path)
{
	int why = errno;

	if (why == EACCES || why == EPERM)
		complain("%s: %s; only root may look into debugfs", path, strerror(why));
	else if (why == ENOENT && access(debugfs, F_OK))
		complain("%s: there is no such directory", debugfs);
	else if (why == ENOENT)
		complain("%s: there is no such directory: KVM is not loaded (modprobe kvm-hv), "
			 "or %s is no debugfs",
			 path, debugfs);
	else
		complain("%s: %s", path, strerror(why));
	return EXIT_ERROR;
}

static int scan_directory(struct vms *vms)
{
	const struct dirent *entry;
	DIR *directory;
	char *path;
	int ret = 0;

	if (asprintf(&path, "%s/kvm", vms->debugfs) < 0)
		return no_memory();
	directory = opendir(path);
	if (!directory)
		ret = cannot_look(vms->debugfs, path);
	while (!ret && (entry = readdir(directory)))
		ret = take_entry(vms, entry->d_name);
	if (directory)
		closedir(directory);
	free(path);
	if (vms->n > 1)
		qsort(vms->vm, vms->n, sizeof(vms->vm[0]), by_pid);
	return ret;
}

/* Where debugfs is mounted. */
static char *mounted(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	const struct mntent *entry;
	char *found = NULL;

	while (mounts && !found && (entry = getmntent(mounts)))
		if (strcmp(entry->mnt_type, "debugfs") == 0)
			found = strdup(entry->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return found;
}

int vms_find(struct vms *vms, const char *debugfs)
{
	int ret;

	*vms = (struct vms){ .debugfs = debugfs ? strdup(debugfs) : mounted() };
	if (!vms->debugfs && debugfs)
		return no_memory();
	if (!vms->debugfs) {
		complain("debugfs is not mounted: mount -t debugfs debugfs /sys/kernel/debug");
		return EXIT_ERROR;
	}
	ret = scan_directory(vms);
	if (ret)
		vms_free(vms);
	return ret;
}

void vms_free(struct vms *vms)
{
	for (size_t i = 0; i < vms->n; i++)
		free(vms->vm[i].path);
	free(vms->vm);
	free(vms->debugfs);
	*vms = (struct vms){ .vm = NULL };
}

/* On a host that can do radix there is a file of that name, which is empty for hash guests. */
static bool is_radix(const struct vm *vm)
{
	size_t len = strlen(vm->path) - strlen("htab");
	char *path = malloc(len + sizeof("radix"));
	char text[2];
	bool yes;

	if (!path)
		return false;
	memcpy(path, vm->path, len);
	strcpy(path + len, "radix");
	yes = read_some(path, text, sizeof(text)) > 0;
	free(path);
	return yes;
}

int vm_look(const struct vm *vm, enum vm_table *table)
{
	char text[2];
	ssize_t n = read_some(vm->path, text, sizeof(text));

	if (n < 0 && errno == ENOENT) {
		*table = VM_GONE;
		return 0;
	}
	if (n < 0) {
		complain("%s: %s%s", vm->path, strerror(errno),
			 errno == EACCES ? "; only root may read it" : "");
		return EXIT_ERROR;
	}
	if (n > 0)
		*table = VM_TABLE;
	else
		*table = is_radix(vm) ? VM_RADIX : VM_EMPTY;
	return 0;
}
