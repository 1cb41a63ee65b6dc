/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <malloc.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

uint64_t take(struct input *in, unsigned n)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < n && in->len; i++, in->data++, in->len--)
		value |= (uint64_t)*in->data << 8 * i;
	return value;
}

uint64_t take_below(struct input *in, uint64_t n)
{
	unsigned bytes = 1;

	while (bytes < 8 && (n - 1) >> 8 * bytes)
		bytes++;
	return take(in, bytes) % n;
}

void fuzz_fail(const char *file, int line, const char *condition, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fprintf(stderr, "%s:%d: not so: %s: ", file, line, condition);
	(void)vfprintf(stderr, fmt, ap);
	(void)fprintf(stderr, "\n");
	va_end(ap);
	abort();
}

void check_error(int ret, const struct hpt_error *err)
{
	const uint32_t places =
		HPT_ERROR_HAS_PTEX | HPT_ERROR_HAS_ADDRESS | HPT_ERROR_HAS_OFFSET;
	size_t len = strnlen(err->text, sizeof(err->text));

	CHECK(ret < 0 && hpt_code_name(ret), "code %d", ret);
	CHECK(err->code == ret, "code %d, returned %d: %s", err->code, ret, err->text);
	CHECK(len >= 10 && len < sizeof(err->text), "a text of %zu bytes", len);
	CHECK(!strchr(err->text, '\n'), "more than one line: %s", err->text);
	CHECK(!(err->has & ~places) && !err->reserved, "has %#x", err->has);
}

/* Memory, by wrapping the allocator --------------------------------------------------- */

static bool counting;
static size_t held, most;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);
char *__wrap_strdup(const char *text);

static void *count(void *made)
{
	if (counting) {
		held += malloc_usable_size(made);
		if (held > most)
			most = held;
	}
	return made;
}

static void uncount(void *old)
{
	if (counting)
		held -= malloc_usable_size(old);
}

void *__wrap_malloc(size_t size)
{
	return count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return count(__real_calloc(n, size));
}

void *__wrap_realloc(void *old, size_t size)
{
	size_t before = counting ? malloc_usable_size(old) : 0;
	void *made = __real_realloc(old, size);

	if (!made)
		return NULL;
	held -= before;
	return count(made);
}

void __wrap_free(void *old)
{
	uncount(old);
	__real_free(old);
}

char *__wrap_strdup(const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = __wrap_malloc(len);

	return copy ? memcpy(copy, text, len) : NULL;
}

void memory_begin(void)
{
	held = most = 0;
	counting = true;
}

void memory_end(size_t len, size_t each, size_t fixed)
{
	counting = false;
	CHECK(!held, "%zu bytes are left", held);
	CHECK(most <= fixed + each * len, "%zu bytes were held at once, for an input of %zu",
	      most, len);
}

/* Sums -------------------------------------------------------------------------------- */

void mix(uint64_t *sum, uint64_t word)
{
	*sum = (*sum ^ word) * UINT64_C(0x100000001B3);
	*sum ^= *sum >> 29;
}

void mix_bytes(uint64_t *sum, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	mix(sum, len);
	for (size_t i = 0; i < len; i++)
		mix(sum, p[i]);
}

static int mix_entries(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	for (size_t i = 0; i < n; i++) {
		CHECK(entries[i].v & HPT_V_VALID, "slot %llx", (unsigned long long)(ptex + i));
		CHECK(!(entries[i].v & HPT_V_HYPERVISOR), "slot %llx",
		      (unsigned long long)(ptex + i));
		mix(arg, ptex + i);
		mix(arg, entries[i].v);
		mix(arg, entries[i].r);
	}
	return 0;
}

uint64_t table_sum(const struct hpt_table *table, int *ret)
{
	uint64_t sum = hpt_table_order(table);
	struct hpt_error err;

	*ret = hpt_table_each(table, 0, UINT64_MAX, mix_entries, &sum, &err);
	if (*ret)
		check_error(*ret, &err);
	return *ret ? 0 : sum;
}

int file_of(const void *bytes, size_t len)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	CHECK(fd >= 0, "no file in memory");
	CHECK(write(fd, bytes, len) == (ssize_t)len, "no room for %zu bytes", len);
	CHECK(lseek(fd, 0, SEEK_SET) == 0, "cannot go back");
	return fd;
}
