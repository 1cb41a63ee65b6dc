/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A file that is cut, or written anew, while it is read: at the n-th look at it, for every n, to
 * lengths small and large. An answer or an error that names the place, and never a signal.
 * Linked with --wrap=read,pread,lseek.
 */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <hpt/guest.h>

/* What happens to the file, at which of its reader's calls. */
static struct {
	int fd;
	long at; /* calls until then; negative: never */
	long calls;
	bool cut;
	off_t len;         /* cut to it */
	const void *bytes; /* or else written from the start */
	size_t n;
} blow = { .fd = -1, .at = -1 };

ssize_t __real_read(int fd, void *bytes, size_t len);
ssize_t __real_pread(int fd, void *bytes, size_t len, off_t at);
off_t __real_lseek(int fd, off_t to, int whence);
ssize_t __wrap_read(int fd, void *bytes, size_t len);
ssize_t __wrap_pread(int fd, void *bytes, size_t len, off_t at);
off_t __wrap_lseek(int fd, off_t to, int whence);

static void strike(void)
{
	blow.calls++;
	if (blow.at < 0 || blow.at--)
		return;
	if (blow.cut)
		assert_int_equal(ftruncate(blow.fd, blow.len), 0);
	else
		assert_int_equal(pwrite(blow.fd, blow.bytes, blow.n, 0), blow.n);
}

ssize_t __wrap_read(int fd, void *bytes, size_t len)
{
	strike();
	return __real_read(fd, bytes, len);
}

ssize_t __wrap_pread(int fd, void *bytes, size_t len, off_t at)
{
	strike();
	return __real_pread(fd, bytes, len, at);
}

off_t __wrap_lseek(int fd, off_t to, int whence)
{
	strike();
	return __real_lseek(fd, to, whence);
}

/* Where off_t is wider than a word the library's calls have other names. */
#if UINTPTR_MAX == UINT32_MAX
ssize_t __real_pread64(int fd, void *bytes, size_t len, off_t at);
off_t __real_lseek64(int fd, off_t to, int whence);
ssize_t __wrap_pread64(int fd, void *bytes, size_t len, off_t at);
off_t __wrap_lseek64(int fd, off_t to, int whence);

ssize_t __wrap_pread64(int fd, void *bytes, size_t len, off_t at)
{
	strike();
	return __real_pread64(fd, bytes, len, at);
}

off_t __wrap_lseek64(int fd, off_t to, int whence)
{
	strike();
	return __real_lseek64(fd, to, whence);
}
#endif

static char path[] = "/tmp/hpt-shrink-XXXXXX";

static void make_file(const void *bytes, size_t len)
{
	assert_int_equal(ftruncate(blow.fd, 0), 0);
	assert_int_equal(pwrite(blow.fd, bytes, len, 0), len);
}

static int count(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	uint64_t *valid = arg;

	(void)ptex;
	(void)entries;
	*valid += n;
	return 0;
}

/* What a debugger asks of a guest; the first code that is not 0. */
static int ask(struct hpt_guest *guest, uint64_t *valid, struct hpt_error *err)
{
	static unsigned char bytes[70000];
	struct hpt_entry entries[200];
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	struct hpt_guest_info info = { .size = sizeof(info) };
	struct hpt_table *table;
	int r = hpt_guest_table(guest, &table, err);

	if (!r)
		r = hpt_guest_info(guest, &info, err);
	if (!r)
		r = hpt_table_each(table, 0, UINT64_MAX, count, valid, err);
	if (!r)
		r = hpt_table_read(table, 100, COUNT(entries), entries, err);
	if (r || info.kind != HPT_SOURCE_QEMU)
		return r;
	memset(bytes, 0x5a, sizeof(bytes));
	r = hpt_guest_read(guest, 0x1000, sizeof(bytes), bytes, err);
	for (size_t i = 0; r && i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], 0x5a);
	if (!r)
		r = hpt_guest_cpu(guest, 0, &cpu, err);
	if (!r)
		r = hpt_guest_read_ea(guest, 0, UINT64_C(0xc000000000000000), 5000, bytes,
				      err);
	return r;
}

static int session(const struct hpt_guest_options *options, uint64_t *valid,
		   struct hpt_error *err)
{
	struct hpt_guest *guest = NULL;
	int r;

	unit_poison(err);
	*valid = 0;
	r = hpt_guest_open(path, options, &guest, err);
	if (r)
		assert_null(guest);
	else
		r = ask(guest, valid, err);
	hpt_guest_close(guest);
	return r;
}

/* An error of a file that is not what it was says where. */
static void check(int r, const struct hpt_error *err, long at)
{
	if (!r)
		return;
	assert_int_equal(err->code, r);
	if (strlen(err->text) < 10 || strlen(err->text) >= sizeof(err->text))
		fail_msg("call %ld: code %d without a text", at, r);
	if (r == HPT_ERR_TRUNCATED && !strstr(err->text, "offset"))
		fail_msg("call %ld: \"%s\" names no offset", at, err->text);
}

/* The blow at each call: then it is an error, or the answer did not need what was lost. */
static void at_each_call(const void *bytes, size_t len,
			 const struct hpt_guest_options *options)
{
	uint64_t valid, whole;
	struct hpt_error err;
	long n, failures = 0;
	int r;

	blow.at = -1;
	make_file(bytes, len);
	if (session(options, &whole, &err))
		fail_msg("%s", err.text);
	assert_true(whole > 0);
	for (n = 0;; n++) {
		make_file(bytes, len);
		blow.at = n;
		r = session(options, &valid, &err);
		if (blow.at >= 0)
			break;
		check(r, &err, n);
		failures += r != 0;
		if (!r && blow.cut)
			assert_int_equal(valid, whole);
	}
	blow.at = -1;
	assert_int_equal(r, 0);
	assert_true(n >= 4);
	if (blow.cut && !blow.len)
		assert_true(failures > 2);
}

static void cut_at_each_call(const void *bytes, size_t len,
			     const struct hpt_guest_options *options)
{
	const off_t ends[] = {
		0, 1, 4096, (off_t)len / 4, (off_t)len / 2, (off_t)len * 9 / 10, (off_t)len - 1
	};

	blow.cut = true;
	for (size_t i = 0; i < COUNT(ends); i++) {
		blow.len = ends[i];
		at_each_call(bytes, len, options);
	}
}

static char *load_guest(size_t *len)
{
	return unit_load("guest/guest.mig", len);
}

static void saved_is_cut(void **state)
{
	const struct hpt_guest_options options = { .size = sizeof(options) };
	size_t len;
	char *bytes = load_guest(&len);

	(void)state;
	cut_at_each_call(bytes, len, &options);
	free(bytes);
}

/* A table of order 18 with a valid entry at each 64th slot. */
static unsigned char *make_image(size_t *len)
{
	unsigned char *image = calloc(1, *len = (size_t)1 << 19);
	struct hpt_entry entry = { .v = HPT_V_VALID | UINT64_C(0x12345) << HPT_V_AVPN_SHIFT };

	assert_non_null(image);
	for (size_t i = 0; i < *len / HPT_ENTRY_BYTES; i += 64) {
		entry.r = i << 12;
		hpt_entries_to_bytes(&entry, 1, image + i * HPT_ENTRY_BYTES);
	}
	return image;
}

static void image_is_cut(void **state)
{
	const struct hpt_guest_options options = { .size = sizeof(options),
						   .kind = HPT_SOURCE_IMAGE };
	size_t len;
	unsigned char *bytes = make_image(&len);

	(void)state;
	cut_at_each_call(bytes, len, &options);
	free(bytes);
}

/* Another file of the same length in its place: whatever is said, it is said in peace. */
static void written_anew(const void *bytes, size_t len,
			 const struct hpt_guest_options *options)
{
	unsigned char *other = malloc(len);
	uint64_t seed = 4711;

	assert_non_null(other);
	blow.cut = false;
	blow.bytes = other;
	blow.n = len;
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < len; i++)
			other[i] = round ? (unsigned char)unit_random(&seed) : 0xff;
		if (round == 2) /* all but some bytes are what they were */
			for (size_t i = 0; i < len; i++)
				other[i] = other[i] ? ((const unsigned char *)bytes)[i] : 0xff;
		at_each_call(bytes, len, options);
	}
	free(other);
}

static void saved_is_written(void **state)
{
	const struct hpt_guest_options options = { .size = sizeof(options) };
	size_t len;
	char *bytes = load_guest(&len);

	(void)state;
	written_anew(bytes, len, &options);
	free(bytes);
}

static void image_is_written(void **state)
{
	const struct hpt_guest_options options = { .size = sizeof(options),
						   .kind = HPT_SOURCE_IMAGE };
	size_t len;
	unsigned char *bytes = make_image(&len);

	(void)state;
	written_anew(bytes, len, &options);
	free(bytes);
}

/* Mapped, on request: who asks for it says that nobody cuts the file; but written it may be. */
struct writer {
	const char *bytes;
	size_t len;
	bool stop;
};

static void *scribble(void *arg)
{
	struct writer *writer = arg;
	uint64_t seed = 1;

	while (!__atomic_load_n(&writer->stop, __ATOMIC_RELAXED)) {
		uint64_t at = unit_random(&seed) % (writer->len - 8);
		uint64_t word = unit_random(&seed);

		(void)!pwrite(blow.fd, &word, sizeof(word), (off_t)at);
		if (!(word & 7))
			(void)!pwrite(blow.fd, writer->bytes, writer->len, 0);
	}
	return NULL;
}

static void mapped_is_written(void **state)
{
	const struct hpt_guest_options options = { .size = sizeof(options),
						   .flags = HPT_GUEST_MAP };
	struct writer writer = { .stop = false };
	char *bytes = load_guest(&writer.len);
	struct hpt_error err;
	pthread_t thread;
	uint64_t valid;

	(void)state;
	writer.bytes = bytes;
	blow.at = -1;
	make_file(bytes, writer.len);
	assert_int_equal(session(&options, &valid, &err), 0);
	assert_int_equal(pthread_create(&thread, NULL, scribble, &writer), 0);
	for (unsigned i = 0; i < 200; i++)
		check(session(&options, &valid, &err), &err, i);
	__atomic_store_n(&writer.stop, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(thread, NULL), 0);
	free(bytes);
}

static int set_up(void **state)
{
	(void)state;
	blow.fd = mkstemp(path);
	return blow.fd < 0;
}

static int tear_down(void **state)
{
	(void)state;
	return close(blow.fd) || unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(saved_is_cut),      cmocka_unit_test(image_is_cut),
		cmocka_unit_test(saved_is_written),  cmocka_unit_test(image_is_written),
		cmocka_unit_test(mapped_is_written),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
