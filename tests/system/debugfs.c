/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * KVM's listing on the real kernel: VMs with tables that are filled here are looked at from
 * outside, by the command hpt in a process of its own and by libhpt, and must be what was
 * written, what the HTAB stream says, and what scanf() finds in the listing.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "tap.h"

#define ORDER 18
#define SLOTS ((uint64_t)1 << (ORDER - HPT_ENTRY_SHIFT))
#define STEP 23 /* slots from one entry to the next */
#define OUT "/tmp/out"
#define ERR "/tmp/err"

static struct hpt_entry truth[SLOTS];
static uint64_t written;

/* Entries ------------------------------------------------------------------------------ */

/* 4K and 64K pages, both segment sizes, keys, bolted ones; some have no memory behind them. */
static struct hpt_entry make_entry(uint64_t i)
{
	struct hpt_entry entry = { .v = (i * 977 + 5) << 12 | HPT_V_VALID,
				   .r = HPT_R_M | (i & HPT_R_PP) | (i & 7) << 9 };

	if (i % 3 == 0)
		entry.v |= UINT64_C(1) << HPT_V_B_SHIFT;
	if (i % 4 == 0)
		entry.v |= HPT_V_BOLTED;
	if (i % 5 == 0)
		entry.v |= HPT_V_SECONDARY;
	if (i % 7 == 0) {
		entry.v |= HPT_V_LARGE; /* 64K in a 64K segment: LP 1 */
		entry.r |= i % (HOST_GUEST_BYTES >> 16) << 16 | 0x1000;
	} else {
		entry.r |= i % (HOST_GUEST_BYTES >> 12) << 12;
	}
	if (i % 11 == 0)
		entry.r |= UINT64_C(1) << 40;
	if (i % 13 == 0)
		entry.r |= HPT_R_REFERENCED;
	return entry;
}

static void fill(struct hpt_table *table)
{
	memset(truth, 0, sizeof(truth));
	written = 0;
	for (uint64_t ptex = 3; ptex < SLOTS; ptex += STEP) {
		truth[ptex] = make_entry(ptex);
		if (!CHECK(!hpt_table_write(table, ptex, 1, &truth[ptex], &err)))
			return;
		written++;
	}
	truth[SLOTS - 1] = make_entry(SLOTS - 1);
	CHECK(!hpt_table_write(table, SLOTS - 1, 1, &truth[SLOTS - 1], &err));
	written++;
}

static bool same(const char *what, const struct hpt_entry *found)
{
	unsigned different = 0;

	for (uint64_t ptex = 0; ptex < SLOTS; ptex++) {
		if (found[ptex].v == truth[ptex].v && found[ptex].r == truth[ptex].r)
			continue;
		if (++different <= 4)
			printf("# %s: %" PRIx64 ": %016" PRIx64 " %016" PRIx64
			       ", expected %016" PRIx64 " %016" PRIx64 "\n",
			       what, ptex, found[ptex].v, found[ptex].r, truth[ptex].v,
			       truth[ptex].r);
	}
	return !different;
}

/* The command -------------------------------------------------------------------------- */

/* Run hpt with up to five words; its exit status. @uid is who runs it. */
static int run_as(uid_t uid, const char *a, const char *b, const char *c, const char *d)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		if (!freopen(OUT, "w", stdout) || !freopen(ERR, "w", stderr) ||
		    (uid && setuid(uid)))
			_exit(126);
		execl("/hpt", "hpt", a, b, c, d, (char *)NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int run(const char *a, const char *b, const char *c, const char *d)
{
	return run_as(0, a, b, c, d);
}

/* Does a line of the file contain both? */
static bool has(const char *path, const char *one, const char *two)
{
	static char line[4096];
	FILE *file = fopen(path, "r");
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, one) && strstr(line, two);
	if (file)
		fclose(file);
	if (!found) {
		file = fopen(path, "r");
		for (int i = 0; file && i < 3 && fgets(line, sizeof(line), file); i++)
			printf("# %s: %s", path, line);
		if (file)
			fclose(file);
	}
	return found;
}

/* The entries of "hpt dump --json". */
static void dumped(struct hpt_entry *found)
{
	static char line[4096];
	FILE *file = fopen(OUT, "r");
	struct hpt_entry entry;
	uint64_t ptex, n = 0;

	memset(found, 0, SLOTS * sizeof(*found));
	if (!CHECK(file))
		return;
	while (fgets(line, sizeof(line), file)) {
		if (!CHECK(sscanf(line,
				  "{\"ptex\":\"0x%" SCNx64 "\",\"v\":\"0x%" SCNx64
				  "\",\"r\":\"0x%" SCNx64 "\"",
				  &ptex, &entry.v, &entry.r) == 3) ||
		    !CHECK(ptex < SLOTS))
			break;
		found[ptex] = entry;
		n++;
	}
	fclose(file);
	CHECK(n == written);
}

/* Each line of "hpt dump --host --json" against the same line of the kernel's. */
static void host_dumped(const char *path)
{
	static char line[4096];
	FILE *file = fopen(OUT, "r"), *kernel = fopen(path, "r");
	uint64_t ptex, v, r, guest, lines = 0, absent = 0;
	char words[160];

	CHECK(file && kernel);
	while (file && kernel &&
	       fscanf(kernel, "%" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &ptex, &v, &r,
		      &guest) == 4) {
		if (!CHECK(fgets(line, sizeof(line), file)))
			break;
		snprintf(words, sizeof(words),
			 "\"host\":{\"v\":\"0x%" PRIx64 "\",\"r\":\"0x%" PRIx64
			 "\",\"guest_r\":\"0x%" PRIx64 "\"",
			 v, r, guest);
		if (!CHECK(strstr(line, words)))
			printf("# %s# expected %s\n", line, words);
		CHECK(!!strstr(line, "\"absent\":true") == !(v & HPT_V_VALID));
		CHECK(!!strstr(line, "\"ra\":null") == !(v & HPT_V_VALID));
		absent += !(v & HPT_V_VALID);
		lines++;
	}
	CHECK(lines == written);
	CHECK(absent > 10 && absent < lines);
	if (file)
		fclose(file);
	if (kernel)
		fclose(kernel);
}

/* The library -------------------------------------------------------------------------- */

static struct hpt_table *look(const char *path, struct hpt_debugfs_info *info)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct hpt_table *table = NULL;

	*info = (struct hpt_debugfs_info){ .size = sizeof(*info) };
	if (!CHECK(fd >= 0))
		return NULL;
	CHECK(!hpt_debugfs_open(fd, NULL, &table, &err));
	close(fd);
	if (table)
		CHECK(!hpt_debugfs_info(table, info, &err));
	return table;
}

/* Twice the same, and only a reader of the stream takes the marks. */
static void check_library(const char *path, const struct hpt_table *kvm)
{
	static struct hpt_entry found[SLOTS];
	struct hpt_debugfs_info info;
	struct hpt_table *table;

	for (int again = 0; again < 2; again++) {
		table = look(path, &info);
		if (!table)
			return;
		CHECK(!hpt_table_read(table, 0, SLOTS, found, &err));
		CHECK(same("listing", found));
		CHECK(info.listed == written);
		CHECK(info.modified == written);
		CHECK(info.absent > 10 && info.mmio == info.absent);
		CHECK(info.form == (host_v3 ? HPT_FORM_V3 : HPT_FORM_CLASSIC));
		CHECK(info.form_told && info.order_inferred);
		CHECK(hpt_table_order(table) == ORDER);
		hpt_table_close(table);
	}
	CHECK(!hpt_table_read(kvm, 0, SLOTS, found, &err));
	CHECK(same("stream", found));
	table = look(path, &info);
	CHECK(info.listed == written && info.modified == 0);
	hpt_table_close(table);
}

/* The kernel reads into buffers of any size. */
static void check_pieces(const char *path)
{
	char *whole = malloc(1 << 20), *piece = malloc(1 << 20);
	int one = open(path, O_RDONLY | O_CLOEXEC), two = open(path, O_RDONLY | O_CLOEXEC);
	size_t a = 0, b = 0;
	ssize_t n;

	CHECK(whole && piece && one >= 0 && two >= 0);
	while ((n = read(one, whole + a, (1 << 20) - a)) > 0)
		a += (size_t)n;
	while ((n = read(two, piece + b, 7)) > 0)
		b += (size_t)n;
	CHECK(a == b && !memcmp(whole, piece, a) && a == written * 58);
	CHECK(lseek(one, 0, SEEK_SET) < 0);
	close(one);
	close(two);
	free(whole);
	free(piece);
}

/* -------------------------------------------------------------------------------------- */

struct guest {
	int vm;
	int stream; /* a reader, so that the kernel marks what changes */
	char source[48];
	char path[96];
	void *memory;
	struct hpt_table *table;
};

static bool begin(struct guest *g, uint32_t order)
{
	struct kvm_get_htab_fd request = { .flags = 0 };

	*g = (struct guest){ .vm = host_vm(), .stream = -1 };
	if (!CHECK(g->vm >= 0))
		return false;
	g->memory = host_give_memory(g->vm);
	/* As QEMU does: fork() would take the pages away for a while, to copy them. */
	if (!CHECK(g->memory) || !CHECK(!madvise(g->memory, HOST_GUEST_BYTES, MADV_DONTFORK)))
		return false;
	snprintf(g->source, sizeof(g->source), "debugfs:%d-%d", getpid(), g->vm);
	snprintf(g->path, sizeof(g->path), "/sys/kernel/debug/kvm/%d-%d/htab", getpid(), g->vm);
	if (!order)
		return true;
	if (!CHECK(host_give_table(g->vm, order)))
		return false;
	g->stream = ioctl(g->vm, KVM_PPC_GET_HTAB_FD, &request);
	CHECK(g->stream >= 0);
	return CHECK(!hpt_kvm_open(g->vm, order, NULL, &g->table, &err));
}

static void end(struct guest *g)
{
	hpt_table_close(g->table);
	if (g->stream >= 0)
		close(g->stream);
	if (g->vm >= 0)
		close(g->vm);
	if (g->memory)
		munmap(g->memory, HOST_GUEST_BYTES);
}

static void test_no_guest(void)
{
	tap_begin("without a VM there is nothing to list");
	CHECK(run("--version", NULL, NULL, NULL) == 0);
	CHECK(run("list", NULL, NULL, NULL) == 1);
	CHECK(has(ERR, "no guest with a hashed page table", ""));
	CHECK(run("info", "debugfs:1", NULL, NULL) == 2);
	CHECK(has(ERR, "process 1 has no VM", "hpt list"));
	CHECK(run("info", "debugfs:99999", NULL, NULL) == 2);
	CHECK(has(ERR, "there is no process 99999", ""));
	tap_end();
}

static void test_guest(void)
{
	static struct hpt_entry found[SLOTS];
	struct guest g, other;
	char text[128], process[32];

	tap_begin("the library: the listing is what was written, and takes no marks");
	if (begin(&g, ORDER)) {
		fill(g.table);
		check_library(g.path, g.table);
		check_pieces(g.path);
	}
	tap_end();

	tap_begin("hpt list shows the guest");
	CHECK(run("list", "--json", "--count", NULL) == 0);
	snprintf(text, sizeof(text), "\"order_at_least\":18,\"valid\":%" PRIu64
				     ",\"process\":\"debugfs\"", written);
	CHECK(has(OUT, g.source, text));
	CHECK(run("list", NULL, NULL, NULL) == 0);
	CHECK(has(OUT, g.source, g.path));
	tap_end();

	tap_begin("hpt dump debugfs:PID: what was written");
	snprintf(process, sizeof(process), "debugfs:%d", getpid());
	CHECK(run("dump", "--json", "--order=18", process) == 0);
	CHECK(!has(ERR, "hpt", ""));
	dumped(found);
	CHECK(same("hpt dump", found));
	CHECK(run("dump", "--json", g.source, NULL) == 0);
	CHECK(has(ERR, "18 is the least that holds it", "--order"));
	dumped(found);
	CHECK(same("hpt dump, order inferred", found));
	CHECK(run("dump", "--json", "--order=18", g.path) == 0);
	dumped(found);
	CHECK(same("hpt dump PATH", found));
	tap_end();

	tap_begin("hpt dump --host: the kernel's own words");
	CHECK(run("dump", "--json", "--host", process) == 0);
	host_dumped(g.path);
	tap_end();

	tap_begin("two VMs of a process: which?");
	if (begin(&other, ORDER)) {
		CHECK(run("dump", process, NULL, NULL) == 2);
		CHECK(has(ERR, "has 2 VMs: say which", other.source));
		CHECK(run("dump", "--json", "--order=18", g.source) == 0);
		dumped(found);
		CHECK(same("hpt dump", found));
		CHECK(run("info", other.source, NULL, NULL) == 0);
		CHECK(has(OUT, "valid", "0 entries"));
	}
	end(&other);
	tap_end();

	tap_begin("slots whose pages the host has taken away");
	if (!madvise(g.memory, HOST_GUEST_BYTES, MADV_DONTNEED)) {
		struct hpt_debugfs_info info;
		struct hpt_table *table = look(g.path, &info);

		CHECK(info.listed == written && info.absent == written);
		CHECK(info.mmio > 10 && info.mmio < written);
		if (table)
			CHECK(!hpt_table_read(table, 0, SLOTS, found, &err));
		CHECK(same("absent", found));
		hpt_table_close(table);
	}
	CHECK(run("dump", "--json", "--order=18", g.source) == 0);
	dumped(found);
	CHECK(same("hpt dump", found));
	tap_end();

	tap_begin("only root may look");
	CHECK(run_as(65534, "list", NULL, NULL, NULL) == 2);
	CHECK(has(ERR, "Permission denied", "only root"));
	CHECK(run_as(65534, "dump", process, NULL, NULL) == 2);
	CHECK(has(ERR, "Permission denied", "only root"));
	tap_end();

	tap_begin("an open listing keeps its VM; a closed VM is gone");
	{
		int fd = open(g.path, O_RDONLY | O_CLOEXEC);
		struct hpt_table *table = NULL;

		end(&g);
		CHECK(fd >= 0 && !hpt_debugfs_open(fd, NULL, &table, &err));
		if (table)
			CHECK(!hpt_table_read(table, 0, SLOTS, found, &err));
		CHECK(same("after the VM was closed", found));
		hpt_table_close(table);
		close(fd);
	}
	CHECK(access(g.path, F_OK) != 0);
	CHECK(run("dump", process, NULL, NULL) == 2);
	CHECK(has(ERR, "has no VM", ""));
	tap_end();
}

static void test_order(void)
{
	static const uint32_t orders[] = { 19, 22, 24 };

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct hpt_debugfs_info info;
		struct hpt_entry entry = make_entry(1), found;
		uint64_t last = (UINT64_C(1) << (orders[i] - HPT_ENTRY_SHIFT)) - 1;
		struct hpt_table *table = NULL;
		struct guest g;

		tap_begin("a table of order %u", (unsigned)orders[i]);
		if (begin(&g, orders[i]) && CHECK(!hpt_table_write(g.table, last, 1, &entry, &err)))
			table = look(g.path, &info);
		if (table) {
			CHECK(hpt_table_order(table) == orders[i]);
			CHECK(!hpt_table_read(table, last, 1, &found, &err));
			CHECK(found.v == entry.v && found.r == entry.r);
		}
		hpt_table_close(table);
		end(&g);
		tap_end();
	}
}

/* On a POWER9 a VM begins with radix; on a POWER8 it begins with no table. */
static void test_no_table(void)
{
	struct hpt_debugfs_info info;
	struct guest g;

	tap_begin(host_v3 ? "a radix guest" : "a guest without a table yet");
	if (begin(&g, 0)) {
		hpt_table_close(look(g.path, &info));
		CHECK(info.listed == 0);
		CHECK(run("list", NULL, NULL, NULL) == (host_v3 ? 1 : 0));
		CHECK(host_v3 ? has(ERR, "1 with radix", "") : has(OUT, g.source, ""));
		CHECK(run("dump", g.source, NULL, NULL) == (host_v3 ? 1 : 0));
		CHECK(has(ERR, host_v3 ? "uses radix" : "18 is the least", ""));
	}
	end(&g);
	tap_end();
}

int main(void)
{
	if (!host_start())
		return 1;
	test_no_guest();
	test_guest();
	test_order();
	test_no_table();
	return tap_finish();
}
