/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/*
 * The KVM backend on the real thing: runs as a user program on a KVM-HV host, makes VMs, and
 * checks what libhpt reads and writes against what was written and against the kernel's own
 * listing of each table in debugfs. TAP on standard output.
 */

#include <dirent.h>
#include <errno.h>
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

#include "tap.h"

#define VM_HV 1 /* machine type of KVM_CREATE_VM */
#define GUEST_BYTES (16u << 20)
#define SEGMENT_1T (UINT64_C(1) << 62)
#define KERNEL_R_MARKS (UINT64_C(3) << 61) /* the kernel's own, in its listing */
#define MAX_SHOWN 4
#define MAX_READ 65536
#define PAGES_4K (GUEST_BYTES >> 12)
#define PAGES_64K (GUEST_BYTES >> 16)

struct machine {
	unsigned order;
	uint64_t n; /* slots of its table */
	int vm;     /* descriptor */
	void *memory;
	struct hpt_table *table;
	struct hpt_entry *truth; /* n entries: what the table must have */
	struct hpt_entry *found; /* n entries, for what is read */
};

static int kvm;
static bool isa3; /* the host is a POWER9: its debugfs listing has ISA 3.0 forms */

/* Entries ------------------------------------------------------------------------------ */

/* Different for each slot and seed: page sizes, protections, both segment sizes, bolted ones,
 * and addresses behind which there is no memory (the kernel's "absent" entries). */
static struct hpt_entry entry_of(uint64_t ptex, unsigned seed)
{
	uint64_t mix =
		(ptex * UINT64_C(0x9E3779B97F4A7C15)) ^ (seed * UINT64_C(0xC2B2AE3D27D4EB4F));
	struct hpt_entry entry = {
		.v = ((mix >> 8) & UINT64_C(0x0000FFFFFFFFF000)) | HPT_V_VALID,
		.r = HPT_R_M | (mix & HPT_R_PP),
	};

	if (mix & 0x4)
		entry.v |= SEGMENT_1T;
	if (mix & 0x18)
		entry.v |= HPT_V_BOLTED;
	if ((mix & 0x60) == 0x60) {
		entry.v |= HPT_V_LARGE; /* 64K in a 64K segment: LP 1 */
		entry.r |= ((mix >> 20) % PAGES_64K) << 16 | 0x1000;
	} else {
		entry.r |= ((mix >> 20) % PAGES_4K) << 12;
	}
	if ((mix & 0x700) == 0x700)
		entry.r |= UINT64_C(1) << 40; /* no memory there */
	if (mix & 0x800)
		entry.r |= HPT_R_REFERENCED;
	if ((mix & 0x1800) == 0x1800)
		entry.r |= HPT_R_CHANGED;
	if (mix & 0x2000)
		entry.r |= HPT_R_NO_EXECUTE;
	return entry;
}

static bool is_valid(struct hpt_entry entry)
{
	return entry.v & HPT_V_VALID;
}

static bool same(const char *what, uint64_t ptex, const struct hpt_entry *found,
		 const struct hpt_entry *expected, size_t n)
{
	unsigned different = 0;

	for (size_t i = 0; i < n; i++) {
		if (found[i].v == expected[i].v && found[i].r == expected[i].r)
			continue;
		if (++different <= MAX_SHOWN)
			printf("# %s: %" PRIx64 ": %016" PRIx64 " %016" PRIx64
			       ", expected %016" PRIx64 " %016" PRIx64 "\n",
			       what, ptex + i, found[i].v, found[i].r, expected[i].v,
			       expected[i].r);
	}
	return !different;
}

/* The kernel's listing ----------------------------------------------------------------- */

/* An entry as debugfs shows it, "v host_r guest_r", in the form that the stream has it. */
static struct hpt_entry from_listing(uint64_t v, uint64_t host_r, uint64_t guest_r)
{
	struct hpt_entry entry = { .v = v & ~HPT_V_HYPERVISOR,
				   .r = guest_r & ~KERNEL_R_MARKS };

	if (isa3) /* B is in the second doubleword */
		entry.v = (entry.v & UINT64_C(0x000FFFFFFFFFFFFF)) | (host_r >> 58 & 3) << 62;
	entry.v |= HPT_V_VALID; /* absent entries lack it */
	return entry;
}

static bool read_listing(const struct machine *m, struct hpt_entry *out)
{
	uint64_t ptex, v, host_r, guest_r;
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/htab", getpid(), m->vm);
	file = fopen(path, "r");
	if (!CHECK(file))
		return false;
	memset(out, 0, m->n * sizeof(*out));
	while (fscanf(file, "%" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &ptex, &v, &host_r,
		      &guest_r) == 4) {
		if (ptex < m->n)
			out[ptex] = from_listing(v, host_r, guest_r);
		else
			CHECK(!"a slot beyond the table");
	}
	return CHECK(fclose(file) == 0);
}

/* The whole table as the library reads it, and as the kernel lists it. */
static void check_whole(const struct machine *m)
{
	struct hpt_entry *listed = m->found;

	if (read_listing(m, listed))
		CHECK(same("debugfs", 0, listed, m->truth, m->n));
	memset(m->found, 0xff, m->n * sizeof(*m->found));
	if (CHECK(hpt_table_read(m->table, 0, m->n, m->found, &err) == 0))
		CHECK(same("whole table", 0, m->found, m->truth, m->n));
}

/* A machine ---------------------------------------------------------------------------- */

static struct hpt_table *open_table(const struct machine *m, unsigned order, uint32_t flags)
{
	const struct hpt_kvm_options options = { .size = sizeof(options), .flags = flags };
	struct hpt_table *table = NULL;

	CHECK(hpt_kvm_open(m->vm, order, &options, &table, &err) == 0);
	return table;
}

static void give_memory(struct machine *m)
{
	struct kvm_userspace_memory_region region = { .memory_size = GUEST_BYTES };

	m->memory = mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(m->memory != MAP_FAILED);
	/* Base pages, so that the kernel must refuse larger ones. */
	madvise(m->memory, GUEST_BYTES, MADV_NOHUGEPAGE);
	memset(m->memory, 1, GUEST_BYTES);
	region.userspace_addr = (uintptr_t)m->memory;
	CHECK(ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region) == 0);
}

static void give_table(struct machine *m)
{
	uint32_t order = m->order;

	CHECK(ioctl(m->vm, KVM_PPC_ALLOCATE_HTAB, &order) == 0);
	CHECK(order == m->order);
}

static bool make_machine(struct machine *m, unsigned order)
{
	memset(m, 0, sizeof(*m));
	m->order = order;
	m->n = UINT64_C(1) << (order - 4);
	m->truth = calloc(m->n, sizeof(*m->truth));
	m->found = calloc(m->n, sizeof(*m->found));
	m->vm = ioctl(kvm, KVM_CREATE_VM, VM_HV);
	if (!CHECK(m->vm >= 0) || !CHECK(m->truth && m->found))
		return false;
	m->table = open_table(m, order, 0);
	return m->table;
}

static void end_machine(struct machine *m)
{
	hpt_table_close(m->table);
	if (m->vm >= 0)
		close(m->vm);
	if (m->memory)
		munmap(m->memory, GUEST_BYTES);
	free(m->truth);
	free(m->found);
}

/* The parts of the test ---------------------------------------------------------------- */

/* On a POWER9 host such a VM counts as a radix guest. */
static void check_without_table(struct machine *m)
{
	struct hpt_entry entry = entry_of(5, 0), before = entry;
	struct hpt_change change;

	tap_begin("order %u: before a table is allocated there is none", m->order);
	CHECK(hpt_table_read(m->table, 0, 1, &entry, &err) == HPT_ERR_NO_HPT);
	CHECK(strstr(err.text, "radix"));
	CHECK(hpt_table_read(m->table, m->n - 1, 1, &entry, &err) == HPT_ERR_NO_HPT);
	CHECK(same("output", 5, &entry, &before, 1));
	CHECK(hpt_table_write(m->table, 5, 1, &entry, &err) == HPT_ERR_NO_HPT);
	CHECK(err.ptex == 5 && err.has & HPT_ERROR_HAS_PTEX);
	CHECK(hpt_table_clear(m->table, 5, 1, &err) == HPT_ERR_NO_HPT);
	CHECK(hpt_table_next_change(m->table, &change, &entry, 1, &err) != HPT_ERR_ARGUMENT);
	tap_end();
	hpt_table_close(m->table);
	m->table = open_table(m, m->order, 0);
}

static void check_fill(struct machine *m)
{
	tap_begin("order %u: a table that is written whole is there whole", m->order);
	give_memory(m);
	give_table(m);
	check_whole(m);
	for (uint64_t i = 0; i < m->n; i++) {
		/* Single ones, short runs, a long run, and the last. */
		if (i % 29 == 3 || i % 64 / 7 == 2 || (i >= 1000 && i < 6000) || i == m->n - 1)
			m->truth[i] = entry_of(i, 1);
	}
	CHECK(hpt_table_write(m->table, 0, m->n, m->truth, &err) == 0);
	check_whole(m);
	tap_end();
}

static void check_read_at(const struct machine *m, uint64_t ptex, size_t n)
{
	/* One more on both sides, which must stay as it is. */
	static struct hpt_entry found[MAX_READ + 2];
	const struct hpt_entry poison = { UINT64_C(0x5a5a5a5a5a5a5a5a), UINT64_C(0xa5a5) };

	found[0] = poison;
	found[n + 1] = poison;
	memset(found + 1, 0xff, n * sizeof(*found));
	if (CHECK(hpt_table_read(m->table, ptex, n, found + 1, &err) == 0))
		CHECK(same("read", ptex, found + 1, m->truth + ptex, n));
	CHECK(same("before", ptex, found, &poison, 1));
	CHECK(same("after", ptex, found + n + 1, &poison, 1));
}

static void check_reads(const struct machine *m)
{
	static const size_t counts[] = { 1, 2, 7, 8, 9, 63, 64, 65, 4096, 4097, MAX_READ };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		size_t n = counts[i];
		uint64_t step = n > 9 ? 13 : 1;

		if (n > m->n / 2)
			continue;
		tap_begin("order %u: reads of %zu from many alignments", m->order, n);
		for (uint64_t ptex = 0; ptex < 40; ptex += step) {
			check_read_at(m, ptex, n);
			check_read_at(m, ptex + 980, n);  /* into a run */
			check_read_at(m, ptex + 5980, n); /* out of it */
			check_read_at(m, m->n - n - ptex, n);
		}
		tap_end();
	}
}

static void check_ends(const struct machine *m)
{
	struct hpt_entry found[4], before[4];

	tap_begin("order %u: the last entry, and past the end", m->order);
	memset(found, 0x11, sizeof(found));
	memcpy(before, found, sizeof(found));
	CHECK(hpt_table_read(m->table, m->n - 3, 4, found, &err) == HPT_ERR_RANGE);
	CHECK(hpt_table_read(m->table, m->n, 1, found, &err) == HPT_ERR_RANGE);
	CHECK(hpt_table_read(m->table, UINT64_MAX, 2, found, &err) == HPT_ERR_RANGE);
	CHECK(same("outputs", 0, found, before, 4));
	CHECK(hpt_table_read(m->table, m->n, 0, found, &err) == 0);
	CHECK(hpt_table_write(m->table, m->n - 3, 4, found, &err) == HPT_ERR_RANGE);
	CHECK(hpt_table_read(m->table, m->n - 1, 1, found, &err) == 0);
	CHECK(same("last", m->n - 1, found, m->truth + m->n - 1, 1));
	check_whole(m);
	tap_end();
}

struct visit {
	const struct machine *machine;
	uint64_t next, valid;
};

static int visit_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct visit *visit = arg;

	CHECK(ptex >= visit->next &&
	      same("visit", ptex, entries, visit->machine->truth + ptex, n));
	visit->next = ptex + n;
	visit->valid += n;
	return 0;
}

static void check_each(const struct machine *m)
{
	struct visit visit = { .machine = m };
	uint64_t valid = 0;

	tap_begin("order %u: a visit of all valid entries", m->order);
	for (uint64_t i = 0; i < m->n; i++)
		valid += is_valid(m->truth[i]);
	CHECK(hpt_table_each(m->table, 0, UINT64_MAX, visit_run, &visit, &err) == 0);
	CHECK(visit.valid == valid);
	tap_end();
}

static void check_writes(struct machine *m)
{
	struct hpt_entry dirty;

	tap_begin("order %u: replace, invalidate, clear", m->order);
	for (uint64_t i = 990; i < 1200; i++)
		m->truth[i] = i % 2 ? entry_of(i, 2) : (struct hpt_entry){ 0, 0 };
	CHECK(hpt_table_write(m->table, 990, 210, m->truth + 990, &err) == 0);
	check_whole(m);
	/* The hypervisor's bits are not the caller's to write. */
	m->truth[m->n - 1] = entry_of(m->n - 1, 3);
	dirty = m->truth[m->n - 1];
	dirty.v |= HPT_V_HYPERVISOR;
	CHECK(hpt_table_write(m->table, m->n - 1, 1, &dirty, &err) == 0);
	check_whole(m);
	/* A long stretch without an entry is several chunks of up to 65,535. */
	CHECK(hpt_table_clear(m->table, 5, m->n / 2, &err) == 0);
	memset(m->truth + 5, 0, m->n / 2 * sizeof(*m->truth));
	check_whole(m);
	tap_end();
}

/* Every slot, every other one, none. */
static void check_patterns(struct machine *m)
{
	static const struct {
		const char *name;
		unsigned step;
	} patterns[] = { { "full", 1 }, { "every other slot", 2 }, { "empty", 0 } };

	if (m->order > HPT_ORDER_MIN)
		return;
	for (unsigned p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
		unsigned step = patterns[p].step;

		tap_begin("order %u: entries in a pattern: %s", m->order, patterns[p].name);
		memset(m->truth, 0, m->n * sizeof(*m->truth));
		for (uint64_t i = 0; step && i < m->n; i += step)
			m->truth[i] = entry_of(i, 6 + p);
		CHECK(hpt_table_write(m->table, 0, m->n, m->truth, &err) == 0);
		check_whole(m);
		check_read_at(m, 3, 4097);
		tap_end();
	}
}

/* After a chunk with entries the kernel goes on reading headers inside its first entry. This
 * one says there: slots 0x400 to 0x509 are invalid. */
static void check_lookalike(struct machine *m)
{
	const struct hpt_entry lookalike = { UINT64_C(0x0004000000000A01), 0x3000 | HPT_R_M };

	tap_begin("order %u: an entry that looks like a chunk's header", m->order);
	for (uint64_t i = 0x400; i < 0x40a; i++)
		m->truth[i] = entry_of(i, 7);
	CHECK(hpt_table_write(m->table, 0x400, 10, m->truth + 0x400, &err) == 0);
	for (uint64_t i = 16; i < 32; i++)
		m->truth[i] = i % 2 ? (struct hpt_entry){ 0, 0 } : lookalike;
	CHECK(hpt_table_write(m->table, 16, 16, m->truth + 16, &err) == 0);
	check_whole(m);
	tap_end();
}

static void check_larger_order(const struct machine *m)
{
	struct hpt_table *table = open_table(m, m->order + 1, 0);
	struct hpt_entry *found = calloc(2 * m->n, sizeof(*found));
	struct hpt_entry entry = entry_of(m->n, 1);

	tap_begin("order %u: opened as a larger one", m->order);
	CHECK(hpt_table_read(table, 0, 2 * m->n, found, &err) == HPT_ERR_CONTRADICTION);
	CHECK(hpt_table_read(table, m->n - 1, 2, found, &err) == HPT_ERR_CONTRADICTION);
	CHECK(hpt_table_read(table, m->n, 1, found, &err) == HPT_ERR_NO_HPT);
	CHECK(found[0].v == 0 && found[1].v == 0);
	CHECK(hpt_table_write(table, m->n, 1, &entry, &err) == HPT_ERR_NO_HPT);
	CHECK(err.ptex == m->n);
	check_whole(m);
	tap_end();
	free(found);
	hpt_table_close(table);
}

static void check_smaller_order(const struct machine *m)
{
	struct hpt_table *table;

	if (m->order == HPT_ORDER_MIN)
		return;
	tap_begin("order %u: opened as a smaller one", m->order);
	table = open_table(m, m->order - 1, 0);
	CHECK(hpt_table_read(table, 0, m->n / 2, m->found, &err) == HPT_ERR_CONTRADICTION);
	check_whole(m);
	tap_end();
	hpt_table_close(table);
}

/* Entry 3 of 5 is bad: those before it are written, it and those after are not. */
static void refused_at_3(struct machine *m, struct hpt_entry bad, int os_errno)
{
	const uint64_t first = 200;
	struct hpt_entry entries[5];

	CHECK(hpt_table_clear(m->table, first, 5, &err) == 0);
	memset(m->truth + first, 0, sizeof(entries));
	for (unsigned i = 0; i < 5; i++)
		entries[i] = entry_of(first + i, 4);
	entries[3] = bad;
	CHECK(hpt_table_write(m->table, first, 5, entries, &err) == HPT_ERR_REFUSED);
	CHECK(err.has & HPT_ERROR_HAS_PTEX && err.ptex == first + 3);
	CHECK(err.os_errno == os_errno);
	printf("# %s\n", err.text);
	memcpy(m->truth + first, entries, 3 * sizeof(*entries));
	check_whole(m);
}

static void check_refused(struct machine *m)
{
	struct hpt_entry bad = { .v = UINT64_C(0x1234000) | HPT_V_VALID | HPT_V_LARGE };

	tap_begin("order %u: an LP that the kernel does not know is refused", m->order);
	bad.r = HPT_R_M | 0x5000;
	refused_at_3(m, bad, EINVAL);
	tap_end();

	tap_begin("order %u: a page larger than the memory behind it is refused", m->order);
	bad.r = HPT_R_M | 0x3000; /* 16G */
	refused_at_3(m, bad, EIO);
	tap_end();
}

/* Takes changes until the end of the pass; returns the slots that were reported. */
static uint64_t take_pass(struct hpt_table *table, struct hpt_entry *all, uint64_t n)
{
	static struct hpt_entry entries[64];
	struct hpt_change change = { .end_of_pass = false };
	uint64_t slots = 0;

	while (CHECK(hpt_table_next_change(table, &change, entries, 64, &err) == 0) &&
	       !change.end_of_pass) {
		uint64_t end = change.ptex + change.n_valid + change.n_invalid;

		if (!CHECK(change.n_valid <= 64 && end <= n))
			break;
		memcpy(all + change.ptex, entries, change.n_valid * sizeof(*entries));
		memset(all + change.ptex + change.n_valid, 0,
		       change.n_invalid * sizeof(*entries));
		slots += change.n_valid + change.n_invalid;
	}
	return slots;
}

static void check_changes(struct machine *m)
{
	struct hpt_entry *all = m->found;

	tap_begin("order %u: passes over what changed", m->order);
	memset(all, 0xff, m->n * sizeof(*all));
	CHECK(take_pass(m->table, all, m->n) == m->n);
	CHECK(same("first pass", 0, all, m->truth, m->n));
	CHECK(take_pass(m->table, all, m->n) == 0);

	m->truth[77] = entry_of(77, 5);
	m->truth[m->n - 2] = entry_of(m->n - 2, 5);
	CHECK(hpt_table_write(m->table, 77, 1, m->truth + 77, &err) == 0);
	CHECK(hpt_table_write(m->table, m->n - 2, 1, m->truth + m->n - 2, &err) == 0);
	CHECK(take_pass(m->table, all, m->n) == 2);
	CHECK(same("second pass", 0, all, m->truth, m->n));

	m->truth[77] = (struct hpt_entry){ 0, 0 };
	CHECK(hpt_table_clear(m->table, 77, 1, &err) == 0);
	CHECK(take_pass(m->table, all, m->n) == 1);
	CHECK(same("third pass", 0, all, m->truth, m->n));
	CHECK(take_pass(m->table, all, m->n) == 0);
	check_whole(m);
	tap_end();
}

static void check_copy(struct machine *m)
{
	struct hpt_table *saved = NULL;
	uint64_t done = 0;

	tap_begin("order %u: saved, lost and restored", m->order);
	CHECK(hpt_sparse_open(m->order, &saved, &err) == 0);
	CHECK(hpt_table_copy(saved, m->table, NULL, &err) == 0);
	give_table(m); /* the same order again: empties it */
	CHECK(hpt_table_read(m->table, 0, m->n, m->found, &err) == 0);
	for (uint64_t i = 0; i < m->n; i++)
		if (is_valid(m->found[i]))
			CHECK(!"an entry outlived it");
	CHECK(hpt_table_copy(m->table, saved, &done, &err) == 0 && done == m->n);
	check_whole(m);
	tap_end();
	hpt_table_close(saved);
}

static void check_bolted(const struct machine *m)
{
	struct hpt_table *table = open_table(m, m->order, HPT_KVM_BOLTED_ONLY);

	tap_begin("order %u: a look at the bolted entries, and read-only", m->order);
	CHECK(hpt_table_write(table, 0, 1, m->truth, &err) == HPT_ERR_READ_ONLY);
	if (CHECK(hpt_table_read(table, 0, m->n, m->found, &err) == 0))
		for (uint64_t i = 0; i < m->n; i++) {
			struct hpt_entry bolted = { 0, 0 };

			if (m->truth[i].v & HPT_V_BOLTED)
				bolted = m->truth[i];
			if (!same("bolted", i, m->found + i, &bolted, 1))
				CHECK(!"as written");
		}
	check_whole(m);
	tap_end();
	hpt_table_close(table);
}

/* The machine as a whole --------------------------------------------------------------- */

static void check_order(unsigned order)
{
	struct machine m;

	tap_begin("order %u: a VM", order);
	if (!make_machine(&m, order)) {
		tap_end();
		end_machine(&m);
		return;
	}
	tap_end();
	check_without_table(&m);
	check_fill(&m);
	check_reads(&m);
	check_ends(&m);
	check_each(&m);
	check_writes(&m);
	check_lookalike(&m);
	check_larger_order(&m);
	check_smaller_order(&m);
	check_refused(&m);
	check_changes(&m);
	check_copy(&m);
	check_bolted(&m);
	check_patterns(&m);
	end_machine(&m);
}

static int opened; /* descriptors, since it was last cleared */

static int counting_open(void *arg, int vm, uint64_t flags, uint64_t start, int *fd,
			 struct hpt_error *error)
{
	struct kvm_get_htab_fd request = { .flags = flags, .start_index = start };

	(void)arg;
	opened++;
	*fd = ioctl(vm, KVM_PPC_GET_HTAB_FD, &request);
	if (*fd < 0)
		return hpt_error_fill(error, HPT_ERR_SYSTEM, errno, "KVM_PPC_GET_HTAB_FD");
	return 0;
}

static unsigned open_files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned n = 0;

	while (directory && readdir(directory))
		n++;
	if (directory)
		closedir(directory);
	return n;
}

static void check_descriptors(void)
{
	const struct hpt_kvm_options options = { .size = sizeof(options),
						 .open_fd = counting_open };
	struct hpt_entry entries[9];
	struct hpt_table *table = NULL;
	struct machine m;
	unsigned before;

	tap_begin("a read opens one descriptor, and leaves none");
	if (make_machine(&m, HPT_ORDER_MIN)) {
		give_table(&m);
		before = open_files();
		CHECK(hpt_kvm_open(m.vm, m.order, &options, &table, &err) == 0);
		CHECK(opened == 0);
		CHECK(hpt_table_read(table, 8, 9, entries, &err) == 0 && opened == 1);
		CHECK(hpt_table_read(table, 0, m.n, m.found, &err) == 0 && opened == 2);
		CHECK(open_files() == before);
		hpt_table_close(table);
	}
	tap_end();
	end_machine(&m);
}

/* Only the process that made the VM may; the answer comes as an exit status. */
static bool refused_in_child(const struct machine *m)
{
	struct hpt_entry entry;
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		int code = hpt_table_read(m->table, 0, 1, &entry, &err);

		_exit(code == HPT_ERR_SYSTEM && err.os_errno == EIO ? 42 : 1);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 42;
}

static void check_wrong_descriptors(void)
{
	struct hpt_table *table = NULL;
	struct hpt_entry entry;
	struct machine m;
	int vm;

	tap_begin("another process, a closed VM, and what is no VM");
	if (make_machine(&m, HPT_ORDER_MIN)) {
		give_table(&m);
		CHECK(refused_in_child(&m));
		CHECK(hpt_table_read(m.table, 0, 1, &entry, &err) == 0);
		vm = m.vm;
		close(m.vm);
		m.vm = -1;
		CHECK(hpt_table_read(m.table, 0, 1, &entry, &err) == HPT_ERR_SYSTEM);
		CHECK(err.os_errno == EBADF);
		CHECK(hpt_table_write(m.table, 0, 1, &entry, &err) == HPT_ERR_SYSTEM);
		CHECK(hpt_kvm_open(kvm, m.order, NULL, &table, &err) == 0);
		CHECK(hpt_table_read(table, 0, 1, &entry, &err) == HPT_ERR_SYSTEM);
		CHECK(vm >= 0 && err.os_errno);
		hpt_table_close(table);
	}
	tap_end();
	end_machine(&m);
}

/* What each of 4K, 64K and 16M segments may hold: "base encoding actual:LP ..." */
static void describe_sizes(const struct hpt_page_sizes *sizes, char *text, size_t len)
{
	size_t at = 0;

	for (uint32_t i = 0; i < sizes->n && at < len; i++) {
		const struct hpt_base_size *base = sizes->base + i;

		at += (size_t)snprintf(text + at, len - at, "%s%u %x", i ? ", " : "",
				       base->shift, base->slb_enc);
		for (uint32_t j = 0; j < base->n && at < len; j++)
			at += (size_t)snprintf(text + at, len - at, " %u:%x",
					       base->actual[j].shift, base->actual[j].lp);
	}
}

static void check_sizes(void)
{
	struct hpt_page_sizes sizes = { .size = sizeof(sizes) };
	struct machine m;
	char text[200] = "";

	tap_begin("the page sizes that the kernel offers");
	if (make_machine(&m, HPT_ORDER_MIN)) {
		CHECK(hpt_kvm_page_sizes(m.vm, &sizes, &err) == 0);
		CHECK(sizes.flags == HPT_SIZES_1T && sizes.slb_entries == 32);
		CHECK(sizes.data_keys == 32 && sizes.fetch_keys == 32);
		describe_sizes(&sizes, text, sizeof(text));
		printf("# %s\n", text);
		CHECK(strcmp(text, "12 0 12:0 24:38, 16 110 16:1 24:8, 24 100 24:0") == 0);
		CHECK(hpt_kvm_page_sizes(kvm, &sizes, &err) == HPT_ERR_SYSTEM);
	}
	tap_end();
	end_machine(&m);
}

/* The same program, built for the other byte order; what it prints is shown if it fails. */
static void check_other_byte_order(void)
{
	static const char path[] = "/big-endian/kvm";
	char line[400];
	int status = 0;
	FILE *file = tmpfile();
	pid_t child;

	if (access(path, F_OK) || !file)
		return;
	child = fork();
	if (child == 0) {
		dup2(fileno(file), STDOUT_FILENO);
		execl(path, path, (char *)NULL);
		_exit(errno == ENOEXEC ? 126 : 127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		status = -1;
	tap_begin("all of this as a big-endian program");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 126) {
		tap_skip("this kernel runs no such program: Exec format error");
	} else {
		rewind(file);
		while (!CHECK(status == 0) && fgets(line, sizeof(line), file))
			printf("# %s", line);
		tap_end();
	}
	fclose(file);
}

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

int main(void)
{
	isa3 = on_power9();
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0) {
		printf("1..0 # SKIP no /dev/kvm: %s\n", strerror(errno));
		return 1;
	}
	check_sizes();
	check_descriptors();
	check_wrong_descriptors();
	check_order(18);
	check_order(21);
	check_order(24);
	check_other_byte_order();
	return tap_finish();
}
