/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A system that fails: the n-th allocation, read, look at or mapping of a file, in every way,
 * over every opener, for every n (and of thousands of a parser's own, for some). An answer, or an error that is filled; nothing leaked, outputs
 * untouched. And: a failed allocation was seen by every public function that may allocate.
 */
#include "containers.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hpt/guest.h>

/* Calls of the library that can fail. */
enum kind { ALLOCATE, READ, PREAD, SEEK, LOOK, MAP, WRITE, CUT, OPEN, KINDS };

static struct {
	enum kind kind;
	long at;   /* calls until one fails; negative: none does */
	int error; /* 0: it does less than was asked for */
} fault = { .at = -1 };
static long live; /* allocations that are not freed */

/* The public function that is called, and those in which an allocation was made to fail. */
static const char *inside;

/* All that may allocate. Where: another test has it fail. */
static struct {
	const char *name;
	const char *where;
	bool failed;
} allocating[] = {
	{ .name = "hpt_capture_apply" },
	{ .name = "hpt_capture_open" },
	{ .name = "hpt_capture_open_memory" },
	{ .name = "hpt_capture_open_reader" },
	{ .name = "hpt_debugfs_open" },
	{ .name = "hpt_debugfs_open_memory" },
	{ .name = "hpt_debugfs_open_reader" },
	{ .name = "hpt_find_table" },
	{ .name = "hpt_guest_apply" },
	{ .name = "hpt_guest_open" },
	{ .name = "hpt_guest_open_fd" },
	{ .name = "hpt_guest_read" },
	{ .name = "hpt_guest_read_ea" },
	{ .name = "hpt_guest_vmcoreinfo", .where = "tests/unit/core.c" },
	{ .name = "hpt_guest_write_core", .where = "tests/unit/core.c" },
	{ .name = "hpt_guest_table", .where = "of a bare machine: hpt_find_table() here" },
	{ .name = "hpt_kvm_open", .where = "tests/unit/kvm.c" },
	{ .name = "hpt_memory_open" },
	{ .name = "hpt_qemu_next" },
	{ .name = "hpt_qemu_open" },
	{ .name = "hpt_qemu_open_memory" },
	{ .name = "hpt_qemu_open_reader" },
	{ .name = "hpt_qemu_read" },
	{ .name = "hpt_qemu_rest" },
	{ .name = "hpt_qmp_open_guest", .where = "tests/unit/qmp.c" },
	{ .name = "hpt_ram_open" },
	{ .name = "hpt_sparse_open" },
	{ .name = "hpt_table_copy" },
	{ .name = "hpt_table_each" },
	{ .name = "hpt_table_open" },
	{ .name = "hpt_table_read" },
	{ .name = "hpt_table_write" },
};

static void note_allocation(bool fails)
{
	for (size_t i = 0; i < COUNT(allocating); i++) {
		if (inside && !strcmp(allocating[i].name, inside)) {
			allocating[i].failed |= fails;
			return;
		}
	}
	if (inside)
		fail_msg("%s allocates, and is not listed here", inside);
}

/* Does this call fail? */
static bool strikes(enum kind kind)
{
	bool now = fault.kind == kind && fault.at >= 0 && inside && fault.at-- == 0;

	if (kind == ALLOCATE && inside)
		note_allocation(now);
	if (now)
		errno = fault.error;
	return now;
}

#define REAL(type, name, ...)            \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

REAL(void *, malloc, size_t size)
{
	void *made = strikes(ALLOCATE) ? NULL : __real_malloc(size);

	live += made != NULL;
	return made;
}

REAL(void *, calloc, size_t n, size_t size)
{
	void *made = strikes(ALLOCATE) ? NULL : __real_calloc(n, size);

	live += made != NULL;
	return made;
}

REAL(void *, realloc, void *old, size_t size)
{
	void *made = strikes(ALLOCATE) ? NULL : __real_realloc(old, size);

	live += made && !old;
	return made;
}

REAL(char *, strdup, const char *text)
{
	char *copy = __wrap_malloc(strlen(text) + 1);

	return copy ? strcpy(copy, text) : NULL;
}

REAL(void, free, void *old)
{
	live -= old != NULL;
	__real_free(old);
}

REAL(ssize_t, read, int fd, void *bytes, size_t len)
{
	if (!strikes(READ))
		return __real_read(fd, bytes, len);
	return fault.error ? -1 : __real_read(fd, bytes, len ? 1 : 0);
}

REAL(ssize_t, pread, int fd, void *bytes, size_t len, off_t at)
{
	if (!strikes(PREAD))
		return __real_pread(fd, bytes, len, at);
	return fault.error ? -1 : __real_pread(fd, bytes, len ? 1 : 0, at);
}

REAL(ssize_t, pwrite, int fd, const void *bytes, size_t len, off_t at)
{
	if (!strikes(WRITE))
		return __real_pwrite(fd, bytes, len, at);
	return fault.error ? -1 : __real_pwrite(fd, bytes, len ? 1 : 0, at);
}

REAL(off_t, lseek, int fd, off_t to, int whence)
{
	return strikes(SEEK) ? -1 : __real_lseek(fd, to, whence);
}

REAL(int, fstat, int fd, struct stat *st)
{
	return strikes(LOOK) ? -1 : __real_fstat(fd, st);
}

REAL(int, ftruncate, int fd, off_t len)
{
	return strikes(CUT) ? -1 : __real_ftruncate(fd, len);
}

REAL(void *, mmap, void *at, size_t len, int protection, int flags, int fd, off_t from)
{
	return strikes(MAP) ? MAP_FAILED : __real_mmap(at, len, protection, flags, fd, from);
}

/* Nothing but public functions is called through this. */
#define CALL(f, ...) (inside = #f, ret = f(__VA_ARGS__), inside = NULL, ret)
#define TRY(f, ...)                       \
	do {                              \
		if (CALL(f, __VA_ARGS__)) \
			goto out;         \
	} while (0)

/* What was read, so that an answer can be told from another. */
static uint64_t sum;

static int add(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	(void)arg;
	for (size_t i = 0; i < n; i++)
		sum = sum * 31 + ptex + i + entries[i].v + entries[i].r;
	return 0;
}

static struct {
	char *saved, *stream, *listing, *packed, *image;
	size_t saved_len, stream_len, listing_len, packed_len, image_len;
} data;

/* Files of them. */
static char paths[][32] = { "/tmp/hpt-failures-0-XXXXXX", "/tmp/hpt-failures-1-XXXXXX",
			    "/tmp/hpt-failures-2-XXXXXX", "/tmp/hpt-failures-3-XXXXXX",
			    "/tmp/hpt-failures-4-XXXXXX", "/tmp/hpt-failures-5-XXXXXX",
			    "/tmp/hpt-failures-6-XXXXXX", "/tmp/hpt-failures-7-XXXXXX",
			    "/tmp/hpt-failures-8-XXXXXX", "/tmp/hpt-failures-9-XXXXXX",
			    "/tmp/hpt-failures-c-XXXXXX" };
enum {
	SAVED,
	STREAM,
	LISTING,
	PACKED,
	IMAGE,
	LIBVIRT,
	DISK,
	PACKED_DISK,
	DUMP,
	FLAT_DUMP,
	CORE
};

struct feed {
	const char *bytes;
	size_t left;
};

static int feed_read(void *ctx, void *bytes, size_t len, size_t *got, struct hpt_error *err)
{
	struct feed *feed = ctx;

	(void)err;
	*got = len < feed->left ? len : feed->left;
	memcpy(bytes, feed->bytes, *got);
	feed->bytes += *got;
	feed->left -= *got;
	return 0;
}

static const struct hpt_reader_ops feed_ops = { .size = sizeof(feed_ops), .read = feed_read };

static int ram_read(void *ctx, uint64_t ra, size_t len, void *bytes, struct hpt_error *err)
{
	(void)err;
	memcpy(bytes, (char *)ctx + ra, len);
	return 0;
}

static const struct hpt_memory_ops ram_ops = { .size = sizeof(ram_ops), .read = ram_read };

static int no_entries(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		      struct hpt_error *err)
{
	(void)ctx;
	(void)ptex;
	(void)err;
	memset(out, 0, n * sizeof(*out));
	return 0;
}

static const struct hpt_table_ops own_ops = { .size = sizeof(own_ops), .read = no_entries };

/* Tables in memory. */
static int tables(struct hpt_error *err)
{
	static _Alignas(16) struct hpt_raw_entry memory[1 << 14];
	const struct hpt_memory_options how = { .size = sizeof(how),
						.flags = HPT_MEMORY_LIVE };
	const struct hpt_table_config config = { .size = sizeof(config),
						 .backend = "own",
						 .order = 18 };
	struct hpt_entry entries[100] = { { .v = HPT_V_VALID, .r = 1 << 12 } };
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	struct hpt_table *t[6] = { NULL };
	int ret;

	TRY(hpt_cpu_init, &cpu, HPT_CPU_POWER8, HPT_PLATFORM_BARE, err);
	cpu.sdr1 = 1 << 18; /* where it lies, and the least that there is of it */
	TRY(hpt_sparse_open, 18, &t[0], err);
	TRY(hpt_table_write, t[0], 77, 1, entries, err);
	TRY(hpt_sparse_open, 18, &t[1], err);
	TRY(hpt_table_copy, t[1], t[0], NULL, err);
	TRY(hpt_memory_open, memory, 18, &how, &t[2], err);
	TRY(hpt_table_read, t[2], 0, COUNT(entries), entries, err);
	TRY(hpt_ram_open, &ram_ops, memory, 0, 18, &how, &t[3], err);
	TRY(hpt_table_read, t[3], 0, COUNT(entries), entries, err);
	TRY(hpt_find_table, &cpu, &ram_ops, memory, &how, &t[4], err);
	TRY(hpt_table_open, &own_ops, NULL, &config, &t[5], err);
	TRY(hpt_table_each, t[1], 0, UINT64_MAX, add, NULL, err);
out:
	for (size_t i = 0; i < COUNT(t); i++)
		hpt_table_close(t[i]);
	return ret;
}

/* Captured streams and listings, by each of their openers. */
static int streams(struct hpt_error *err)
{
	const struct hpt_debugfs_options order = { .size = sizeof(order), .order = 18 };
	struct feed feed = { data.stream, data.stream_len };
	struct feed text = { data.listing, data.listing_len };
	int fds[2] = { open(paths[STREAM], O_RDONLY), open(paths[LISTING], O_RDONLY) }, ret;
	struct hpt_table *t[6] = { NULL };

	TRY(hpt_capture_open_memory, data.stream, data.stream_len, NULL, &t[0], err);
	TRY(hpt_capture_open, fds[0], NULL, &t[1], err);
	TRY(hpt_capture_open_reader, &feed_ops, &feed, NULL, &t[2], err);
	feed = (struct feed){ data.stream, data.stream_len };
	TRY(hpt_capture_apply, t[2], &feed_ops, &feed, err);
	TRY(hpt_table_each, t[1], 0, UINT64_MAX, add, NULL, err);
	TRY(hpt_debugfs_open_memory, data.listing, data.listing_len, &order, &t[3], err);
	TRY(hpt_debugfs_open_reader, &feed_ops, &text, &order, &t[4], err);
	TRY(hpt_debugfs_open, fds[1], &order, &t[5], err);
	TRY(hpt_table_each, t[5], 0, UINT64_MAX, add, NULL, err);
out:
	for (size_t i = 0; i < COUNT(t); i++)
		hpt_table_close(t[i]);
	close(fds[0]);
	close(fds[1]);
	return ret;
}

static int items(struct hpt_qemu *q, struct hpt_error *err)
{
	const struct hpt_qemu_item *item = NULL;
	uint64_t offset;
	const void *rest;
	size_t len, n;
	int ret;

	for (n = 0; n < 2; n++)
		TRY(hpt_qemu_next, q, &item, err);
	TRY(hpt_qemu_rest, q, (size_t)64 << 20, &rest, &len, &offset, err);
	sum += len + offset;
out:
	return ret;
}

/* Sections of a saved guest. */
static int sections(struct hpt_error *err)
{
	const struct hpt_qemu_options map = { .size = sizeof(map), .flags = HPT_QEMU_MAP };
	struct feed feed = { data.saved, data.saved_len };
	int fds[2] = { open(paths[SAVED], O_RDONLY), open(paths[SAVED], O_RDONLY) }, ret;
	struct hpt_table *table;
	struct hpt_qemu *q[4] = { NULL };

	TRY(hpt_qemu_open, fds[0], NULL, &q[0], err);
	ret = items(q[0], err);
	if (ret)
		goto out;
	TRY(hpt_qemu_open, fds[1], &map, &q[1], err);
	TRY(hpt_qemu_read, q[1], HPT_QEMU_UNTIL_TABLE, err);
	TRY(hpt_qemu_table, q[1], &table, err);
	TRY(hpt_table_each, table, 0, UINT64_MAX, add, NULL, err);
	TRY(hpt_qemu_open_memory, data.saved, data.saved_len, NULL, &q[2], err);
	TRY(hpt_qemu_open_reader, &feed_ops, &feed, NULL, &q[3], err);
	TRY(hpt_qemu_read, q[3], HPT_QEMU_UNTIL_TABLE, err);
out:
	for (size_t i = 0; i < COUNT(q); i++)
		hpt_qemu_close(q[i]);
	close(fds[0]);
	close(fds[1]);
	return ret;
}

/* What a debugger asks: of a source by path and, with @fd, by descriptor. */
static int ask(const char *path, const struct hpt_guest_options *options,
	       struct hpt_error *err)
{
	static unsigned char bytes[9000];
	struct hpt_guest_info info = { .size = sizeof(info) };
	struct hpt_entry entries[100];
	struct hpt_guest *guest[2] = { NULL };
	struct hpt_table *table;
	int fd = open(path, O_RDONLY), ret;

	TRY(hpt_guest_open_fd, fd, "it", options, &guest[1], err);
	TRY(hpt_guest_open, path, options, &guest[0], err);
	TRY(hpt_guest_table, guest[0], &table, err);
	TRY(hpt_table_each, table, 0, UINT64_MAX, add, NULL, err);
	TRY(hpt_table_read, table, 100, COUNT(entries), entries, err);
	TRY(hpt_guest_info, guest[0], &info, err);
	if (info.kind == HPT_SOURCE_STREAM)
		TRY(hpt_guest_apply, guest[0], path, err);
	if (info.kind != HPT_SOURCE_QEMU && info.kind != HPT_SOURCE_CORE)
		goto out;
	memset(bytes, 0x5a, sizeof(bytes));
	if (CALL(hpt_guest_read, guest[0], 0x1000, sizeof(bytes), bytes, err)) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			assert_int_equal(bytes[i], 0x5a);
		goto out;
	}
	TRY(hpt_guest_read_ea, guest[0], 0, UINT64_C(0xc000000000000000), 5000, bytes, err);
	for (size_t i = 0; i < 5000; i++)
		sum = sum * 31 + bytes[i];
out:
	hpt_guest_close(guest[0]);
	hpt_guest_close(guest[1]);
	close(fd);
	return ret;
}

static const struct hpt_guest_options plain = { .size = sizeof(plain) };
static const struct hpt_guest_options memory = { .size = sizeof(memory),
						 .flags = HPT_GUEST_MEMORY };
static const struct hpt_guest_options mapped = { .size = sizeof(mapped),
						 .flags = HPT_GUEST_MAP };
static const struct hpt_guest_options image = { .size = sizeof(image),
						.kind = HPT_SOURCE_IMAGE };
static const struct hpt_guest_options order_18 = { .size = sizeof(order_18), .order = 18 };

/* Memory alone: the pages of tests/unit/kdump_file.h that are there in any build. */
static int ask_dump(const char *path, const struct hpt_guest_options *options,
		    struct hpt_error *err)
{
	static const uint64_t pages[] = { 16, 18, 20 };
	unsigned char bytes[4096];
	struct hpt_guest *guest = NULL;
	int ret;

	TRY(hpt_guest_open, path, options, &guest, err);
	for (size_t i = 0; i < COUNT(pages); i++) {
		memset(bytes, 0x5a, sizeof(bytes));
		if (CALL(hpt_guest_read, guest, pages[i] * 4096, sizeof(bytes), bytes, err)) {
			for (size_t j = 0; j < sizeof(bytes); j++)
				assert_int_equal(bytes[j], 0x5a);
			goto out;
		}
		sum = sum * 31 + bytes[0] + bytes[4095];
	}
out:
	hpt_guest_close(guest);
	return ret;
}

#define UNPACKS "compressed files: libarchive"
#define INFLATES "pages compressed by QEMU: zlib"
#define READS_CORES "ELF cores: libelf"

static const struct {
	const char *name;
	int (*run)(struct hpt_error *err); /* or else: */
	int (*ask)(const char *path, const struct hpt_guest_options *options,
		   struct hpt_error *err);
	const struct hpt_guest_options *options;
	size_t path;
	const char *needs; /* a library, of this build */
} sessions[] = {
	{ .name = "tables", .run = tables },
	{ .name = "streams", .run = streams },
	{ .name = "sections", .run = sections },
	/* From here on with many calls of other libraries. */
	{ "a saved guest", NULL, ask, &plain, SAVED, NULL },
	{ "a mapped guest", NULL, ask, &mapped, SAVED, NULL },
	{ "a compressed guest", NULL, ask, &memory, PACKED, UNPACKS },
	{ "a captured stream", NULL, ask, &plain, STREAM, NULL },
	{ "an image", NULL, ask, &image, IMAGE, NULL },
	{ "a listing", NULL, ask, &order_18, LISTING, NULL },
	{ "a save image of libvirt", NULL, ask, &plain, LIBVIRT, NULL },
	{ "a snapshot in a disk", NULL, ask, &memory, DISK, NULL },
	{ "a snapshot in a compressed disk", NULL, ask, &memory, PACKED_DISK, INFLATES },
	{ "a core", NULL, ask, &plain, CORE, READS_CORES },
	{ "a kdump file", NULL, ask_dump, &plain, DUMP, NULL },
	{ "a flattened kdump file", NULL, ask_dump, &plain, FLAT_DUMP, NULL },
};

static int run_session(size_t i, struct hpt_error *err)
{
	return sessions[i].run
		       ? sessions[i].run(err)
		       : sessions[i].ask(paths[sessions[i].path], sessions[i].options, err);
}

#define SMALL 3 /* sessions before that */

static bool has(const char *needs)
{
	const char *line;

	for (size_t i = 0; needs && (line = hpt_guest_feature(i)); i++)
		if (!strncmp(line, needs, strlen(needs)))
			return true;
	return !needs;
}

/* The lowest descriptor that is free: higher when one was left open. */
static int lowest(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void check(const char *name, int ret, const struct hpt_error *err, long n)
{
	if (!ret)
		return;
	if (err->code != ret || strlen(err->text) < 5)
		fail_msg("%s, call %ld: code %d, error %d \"%s\"", name, n, ret, err->code,
			 err->text);
	if (fault.kind == ALLOCATE && ret != HPT_ERR_MEMORY)
		fail_msg("%s, allocation %ld: \"%s\"", name, n, err->text);
	if (ret == HPT_ERR_SYSTEM && err->os_errno != fault.error)
		fail_msg("%s, call %ld: errno %d, expected %d: %s", name, n, err->os_errno,
			 fault.error, err->text);
}

/* Of very many calls, as a decompressor's: the first, the last, and some of those between. */
static long step(size_t i, long call, long total)
{
	return i < SMALL || call < 150 || call > total - 50 ? 1 : 23;
}

/* One session with each call of a kind failing; *@failures: how often it was an error. */
static void each_call(size_t i, enum kind kind, int error, long *calls, long *failures)
{
	int ret = 0, before = lowest();
	struct hpt_error err;
	long kept = live, total;
	uint64_t right;

	sum = 0;
	fault.kind = kind;
	fault.at = LONG_MAX;
	ret = run_session(i, &err);
	if (ret)
		fail_msg("%s: %s", sessions[i].name, err.text);
	total = LONG_MAX - fault.at;
	right = sum;
	*failures = 0;
	for (*calls = 0;; *calls += step(i, *calls, total)) {
		sum = 0;
		unit_poison(&err);
		fault.kind = kind;
		fault.error = error;
		fault.at = *calls;
		ret = run_session(i, &err);
		assert_int_equal(live, kept);
		assert_int_equal(lowest(), before);
		if (fault.at >= 0)
			break;
		fault.at = -1;
		check(sessions[i].name, ret, &err, *calls);
		*failures += ret != 0;
		/* Made again, or gone on with, it is as if nothing had been. */
		if (error == 0 || error == EINTR || kind == MAP) {
			if (kind != ALLOCATE && kind != LOOK && kind != SEEK &&
			    (ret || sum != right))
				fail_msg("%s, call %ld of kind %d: %d", sessions[i].name,
					 *calls, kind, ret);
		}
	}
	fault.at = -1;
	assert_int_equal(ret, 0);
}

static void allocations(void **state)
{
	long calls, failures, all = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(sessions); i++) {
		if (!has(sessions[i].needs))
			continue;
		each_call(i, ALLOCATE, ENOMEM, &calls, &failures);
		assert_true(calls > 3 && failures > 3);
		all += calls;
	}
	print_message("# among %ld allocations\n", all);
	for (size_t i = 0; i < COUNT(allocating); i++)
		if (!allocating[i].failed && !allocating[i].where)
			fail_msg("no allocation failed in %s", allocating[i].name);
}

static void calls_that_fail(void **state)
{
	static const struct {
		enum kind kind;
		int error;
	} ways[] = {
		{ READ, EIO },  { READ, EAGAIN }, { READ, EINTR },   { READ, 0 },
		{ PREAD, EIO }, { PREAD, EINTR }, { PREAD, 0 },      { SEEK, EIO },
		{ LOOK, EIO },  { MAP, ENOMEM },  { WRITE, ENOSPC }, { WRITE, EINTR },
		{ WRITE, EIO }, { WRITE, 0 },     { CUT, ENOSPC },
	};
	long calls, failures, seen[KINDS] = { 0 };

	(void)state;
	for (size_t i = 1; i < COUNT(sessions); i++) {
		if (!has(sessions[i].needs))
			continue;
		for (size_t j = 0; j < COUNT(ways); j++) {
			each_call(i, ways[j].kind, ways[j].error, &calls, &failures);
			seen[ways[j].kind] += calls;
		}
	}
	for (size_t j = 0; j < COUNT(ways); j++)
		if (!seen[ways[j].kind] && (ways[j].kind != WRITE || has(UNPACKS)) &&
		    (ways[j].kind != CUT || has(UNPACKS)))
			fail_msg("no call of kind %d was seen", ways[j].kind);
}

/* Descriptors that are something else. */
static void other_descriptors(void **state)
{
	int pipes[2], sockets[2];
	int fds[8];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	close(pipes[1]);
	close(sockets[1]);
	fds[0] = pipes[0];                    /* empty, closed */
	fds[1] = sockets[0];                  /* likewise */
	fds[2] = open("/", O_RDONLY);         /* a directory */
	fds[3] = open("/dev/null", O_RDONLY); /* a device that is empty */
	fds[4] = open(paths[SAVED], O_WRONLY);
	fds[5] = open(paths[SAVED], O_PATH);
	fds[6] = 1000; /* none */
	fds[7] = -1;
	for (size_t i = 0; i < COUNT(fds); i++) {
		struct hpt_guest *guest = NULL;
		struct hpt_table *table = NULL;
		struct hpt_qemu *q = NULL;
		struct hpt_error err;
		int ret;

		unit_poison(&err);
		ret = hpt_guest_open_fd(fds[i], "it", NULL, &guest, &err);
		assert_int_equal(ret, err.code);
		assert_true(ret < 0 && strlen(err.text) > 5);
		unit_poison(&err);
		ret = hpt_qemu_open(fds[i], NULL, &q, &err);
		assert_int_equal(ret, err.code);
		assert_true(ret < 0 && strlen(err.text) > 5);
		unit_poison(&err);
		ret = hpt_capture_open(fds[i], NULL, &table, &err);
		assert_int_equal(ret, err.code);
		assert_true(ret < 0 && strlen(err.text) > 5);
		/* An empty listing is one of a table with nothing in it. */
		if (!hpt_debugfs_open(fds[i], NULL, &table, &err)) {
			assert_true(i < 4 && i != 2);
			hpt_table_close(table);
		}
		assert_null(guest);
		assert_null(q);
	}
	for (size_t i = 0; i < 6; i++)
		close(fds[i]);
}

/* Every function whose manual names HPT_ERR_MEMORY is in the list above. */
static void manual_agrees(void **state)
{
	static const char *const headers[] = { "capture", "core",   "debugfs", "guest",
					       "kvm",     "memory", "mmu",     "qemu",
					       "qmp",     "stream", "table" };
	const char *top = getenv("top_srcdir");
	static char text[1 << 17];
	char path[512];

	(void)state;
	if (!top)
		skip();
	for (size_t i = 0; i < COUNT(headers); i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/include/hpt/%s.h", top, headers[i]);
		file = fopen(path, "r");
		assert_non_null(file);
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
		for (char *at = strstr(text, "HPT_ERR_MEMORY"); at;
		     at = strstr(at + 1, "HPT_ERR_MEMORY")) {
			char *end = strstr(at, "*/"), *name, *paren;
			size_t j;

			assert_non_null(end);
			/* Of a member or a macro, not of a function. */
			if (strncmp(end, "*/\nHPT_API", 10))
				continue;
			paren = strchr(end, '(');
			for (name = paren; strncmp(name, "hpt_", 4); name--)
				;
			for (j = 0; j < COUNT(allocating); j++)
				if (strlen(allocating[j].name) == (size_t)(paren - name) &&
				    !strncmp(allocating[j].name, name, (size_t)(paren - name)))
					break;
			if (j == COUNT(allocating))
				fail_msg("%.*s may be out of memory, and is not listed here",
					 (int)(paren - name), name);
		}
	}
}

static void put_file(char *path, const void *bytes, size_t len)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static void put_containers(void)
{
	void *bytes;
	size_t len;

	bytes = libvirt_container(data.saved, data.saved_len, &len);
	put_file(paths[LIBVIRT], bytes, len);
	free(bytes);
	for (int i = 0; i < 2; i++) {
		bytes = qcow2_container(data.saved, data.saved_len, i, &len);
		put_file(paths[i ? PACKED_DISK : DISK], bytes, len);
		free(bytes);
		bytes = kdump_container(i, &len);
		put_file(paths[i ? FLAT_DUMP : DUMP], bytes, len);
		free(bytes);
	}
	put_file(paths[CORE], "", 0);
	if (has(READS_CORES))
		core_container(paths[SAVED], paths[CORE]);
}

static int set_up(void **state)
{
	struct hpt_entry entry = { .v = HPT_V_VALID | UINT64_C(0x12345) << HPT_V_AVPN_SHIFT };

	(void)state;
	data.saved = unit_load("guest/guest.mig", &data.saved_len);
	data.packed = unit_load("guest/guest.mig.xz", &data.packed_len);
	data.stream = unit_load("kvm-streams/powernv8/sparse-p1.stream", &data.stream_len);
	data.listing = unit_load("kvm-streams/powernv8/sparse-p1.debugfs", &data.listing_len);
	data.image = calloc(1, data.image_len = 1 << 18);
	for (size_t i = 0; i < data.image_len; i += 4096)
		hpt_entries_to_bytes(&entry, 1, data.image + i);
	put_file(paths[SAVED], data.saved, data.saved_len);
	put_file(paths[STREAM], data.stream, data.stream_len);
	put_file(paths[LISTING], data.listing, data.listing_len);
	put_file(paths[PACKED], data.packed, data.packed_len);
	put_file(paths[IMAGE], data.image, data.image_len);
	put_containers();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++)
		unlink(paths[i]);
	free(data.saved);
	free(data.packed);
	free(data.stream);
	free(data.listing);
	free(data.image);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations),
		cmocka_unit_test(calls_that_fail),
		cmocka_unit_test(other_descriptors),
		cmocka_unit_test(manual_agrees),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
