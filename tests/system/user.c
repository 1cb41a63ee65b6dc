/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/*
 * What the saved Linux guests of the system test run: maps pages of every kind, touches them
 * on every CPU, says what is where, and then keeps CPU 0 in user mode.
 *
 *	map NAME EA BYTES	a mapping of this program, or of the kernel
 *	word EA VALUE		a doubleword that it holds for good
 *	ready
 */

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define PAGE 0x10000
#define STEP PAGE /* a page, or a part of a huge one */
#define DEVICE "/sys/bus/pci/devices/0000:00:00.0/"
#define K(n) ((uint64_t)(n) << 10)
#define M(n) ((uint64_t)(n) << 20)
#define G(n) ((uint64_t)(n) << 30)
#define T(n) ((uint64_t)(n) << 40)

struct area {
	const char *name;
	uint64_t ea, bytes;
	int protection;
	int flags;
	bool untouched; /* no page of it gets an entry */
	int key;        /* of the processor: rights denied (PKEY_DISABLE_*), or 0 */
};

/* Segments of 256M below 1T, of 1T above; the first of all lies in two. */
static struct area areas[] = {
	{ "rw", G(1) - K(256), K(512), PROT_READ | PROT_WRITE, 0, false, 0 },
	{ "read-only", G(1) + M(256), K(512), PROT_READ, 0, false, 0 },
	{ "none", G(1) + M(512), K(512), PROT_NONE, 0, true, 0 },
	{ "untouched", G(1) + M(768), M(1), PROT_READ | PROT_WRITE, 0, true, 0 },
	{ "execute", G(2), K(256), PROT_READ | PROT_EXEC, 0, false, 0 },
	{ "shared", G(3), K(512), PROT_READ | PROT_WRITE, MAP_SHARED, false, 0 },
	{ "far", G(64), M(4), PROT_READ | PROT_WRITE, 0, false, 0 },
	{ "huge-256M", G(2) + M(256), M(16), PROT_READ | PROT_WRITE, MAP_HUGETLB, false, 0 },
	{ "huge-1T", T(9), M(32), PROT_READ | PROT_WRITE, MAP_HUGETLB, false, 0 },
	{ "transparent", T(10), M(32), PROT_READ | PROT_WRITE, 0, false, 0 },
	{ "1T-edge", T(3) - K(256), K(512), PROT_READ | PROT_WRITE, 0, false, 0 },
	{ "1T-read-only", T(4) + M(3), M(1), PROT_READ, 0, false, 0 },
	{ "1T-far", T(40) + G(5), K(512), PROT_READ | PROT_WRITE, 0, false, 0 },
	{ "key-no-access", T(11), K(256), PROT_READ | PROT_WRITE, 0, false, 1 },
	{ "key-no-write", T(12), K(256), PROT_READ | PROT_WRITE, 0, false, 2 },
};

#define N_AREAS (sizeof(areas) / sizeof(areas[0]))

static volatile uint64_t sink;

/* A line at once: the kernel writes to the same console. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[200];
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		_exit(1);
}

static void say_map(const char *name, uint64_t ea, uint64_t bytes)
{
	say("map %s %" PRIx64 " %" PRIx64 "\n", name, ea, bytes);
}

/* Maps it and fills it, each page with its own address. False: this kernel cannot. */
static bool map(const struct area *area)
{
	int flags = area->flags | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
	char *at = (char *)(uintptr_t)area->ea;

	if (!(flags & MAP_SHARED))
		flags |= MAP_PRIVATE;
	if (mmap(at, area->bytes, PROT_READ | PROT_WRITE, flags, -1, 0) != at)
		return false;
	for (uint64_t i = 0; i < area->bytes && !area->untouched; i += STEP)
		*(volatile uint64_t *)(at + i) = area->ea + i;
	if (mprotect(at, area->bytes, area->protection))
		return false;
	return true;
}

static bool give_key(const struct area *area)
{
	int key;

	if (!area->key)
		return true;
	key = pkey_alloc(0, (unsigned)area->key);
	return key >= 0 && pkey_mprotect((void *)(uintptr_t)area->ea, area->bytes,
					 area->protection, key) == 0;
}

static void map_areas(void)
{
	for (size_t i = 0; i < N_AREAS; i++) {
		struct area *area = areas + i;

		if (!map(area)) {
			say("# cannot map %s\n", area->name);
			area->bytes = 0;
			continue;
		}
		if (!area->untouched && !area->key)
			say("word %" PRIx64 " %" PRIx64 "\n", area->ea, area->ea);
	}
	/* Keys last: a page behind a key can no longer be filled. */
	for (size_t i = 0; i < N_AREAS; i++) {
		if (areas[i].bytes && !give_key(areas + i)) {
			say("# no key for %s\n", areas[i].name);
			areas[i].key = 0;
		}
		if (areas[i].bytes)
			say_map(areas[i].name, areas[i].ea, areas[i].bytes);
	}
}

/* A file's pages: this program, mapped once more. */
static const volatile char *map_file(size_t *bytes)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	const char *at;

	*bytes = (size_t)lseek(fd, 0, SEEK_END);
	at = mmap((void *)(uintptr_t)T(5), *bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd < 0 || at == MAP_FAILED) {
		say("wrong no file\n");
		exit(1);
	}
	say_map("file", (uintptr_t)at, *bytes);
	return at;
}

static void touch(const struct area *area)
{
	const volatile char *at = (const volatile char *)(uintptr_t)area->ea;

	if (area->untouched || area->key == 1)
		return;
	for (uint64_t i = 0; i < area->bytes; i += STEP)
		sink += (uint64_t)at[i];
}

static void touch_all(const volatile char *file, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += STEP)
		sink += (uint64_t)file[i];
	for (size_t i = 0; i < N_AREAS; i++)
		touch(areas + i);
}

/* A device's registers, as an uncached page of this program. */
static volatile uint32_t *map_device(void)
{
	int fd = open(DEVICE "resource1", O_RDWR);
	void *at = MAP_FAILED;

	if (fd >= 0)
		at = mmap((void *)(uintptr_t)T(6), PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  fd, 0);
	close(fd);
	if (at == MAP_FAILED) {
		say("# no device\n");
		return NULL;
	}
	say_map("device", (uintptr_t)at, PAGE);
	return at;
}

/* The kernel's segment of I/O ports, for this CPU. */
static void touch_ports(void)
{
	int fd = open(DEVICE "resource0", O_RDONLY);
	char byte;

	if (fd < 0 || pread(fd, &byte, 1, 0) != 1)
		say("# no I/O ports\n");
	close(fd);
}

static void go_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		say("wrong no CPU %d\n", cpu);
		exit(1);
	}
}

/* What this process and the kernel have where: the kernel's own lists. */
static void say_own_maps(void)
{
	unsigned long long start, end;
	char line[300], name[100];
	FILE *file = fopen("/proc/self/maps", "r");

	while (file && fgets(line, sizeof(line), file)) {
		name[0] = '\0';
		if (sscanf(line, "%llx-%llx %*s %*s %*s %*s %99s", &start, &end, name) >= 2 &&
		    (name[0] == '[' || strstr(name, "user")))
			say_map(name, start, end - start);
	}
	if (file)
		fclose(file);
}

static void say_kernel_text(void)
{
	unsigned long long ea, start = 0, end = 0;
	char line[300], name[100];
	FILE *file = fopen("/proc/kallsyms", "r");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx %*c %99s", &ea, name) != 2)
			continue;
		if (strcmp(name, "_stext") == 0)
			start = ea;
		if (strcmp(name, "_etext") == 0)
			end = ea;
	}
	if (file)
		fclose(file);
	say_map("text", start, end - start);
}

/* Needs no_hash_pointers on the kernel's command line. */
static void say_kernel_maps(void)
{
	unsigned long long start, end;
	char line[300];
	FILE *file = fopen("/proc/vmallocinfo", "r");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "0x%llx-0x%llx", &start, &end) == 2)
			say_map(strstr(line, "ioremap") ? "ioremap" : "vmalloc", start,
				end - start);
	if (file)
		fclose(file);
}

int main(void)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	const volatile char *file;
	volatile uint32_t *device;
	size_t bytes;

	file = map_file(&bytes);
	device = map_device();
	map_areas();
	say_own_maps();
	say_kernel_text();
	say_kernel_maps();
	/* CPU 0 last; the others keep the segments that they have used. */
	for (int cpu = cpus - 1; cpu >= 0; cpu--) {
		go_to(cpu);
		touch_all(file, bytes);
		if (device)
			sink += *device;
		touch_ports();
	}
	say("ready\n");
	for (;;)
		touch_all(file, 0);
}
