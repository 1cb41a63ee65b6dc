/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef FUZZ_H
#define FUZZ_H

/*
 * What the fuzz targets share: numbers taken from the input, checks, and a count of the memory
 * that an input costs. A target is LLVMFuzzerTestOneInput(), so that libFuzzer and AFL++ drive
 * it as they are; main.c drives it with files, under any compiler.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hpt/hpt.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is left of an input. */
struct input {
	const uint8_t *data;
	size_t len;
};

/* The next @n bytes, at most 8, as a little-endian number; zeros behind the end. */
uint64_t take(struct input *in, unsigned n);

/* The next number below @n. */
uint64_t take_below(struct input *in, uint64_t n);

/* A check that no build leaves out: says what was wrong, and aborts. */
#define CHECK(condition, ...)                                                   \
	do {                                                                    \
		if (!(condition))                                               \
			fuzz_fail(__FILE__, __LINE__, #condition, __VA_ARGS__); \
	} while (0)

void fuzz_fail(const char *file, int line, const char *condition, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 4, 5)));

/* An error that came back must be whole: the code, a text of one line, known places only. */
void check_error(int ret, const struct hpt_error *err);

/*
 * Between these two every allocation is counted. At the end nothing may be left of them, and
 * the most that was held at once is at most @fixed plus @each for every byte of the input.
 */
void memory_begin(void);
void memory_end(size_t len, size_t each, size_t fixed);

/* The same sum for the same words in the same order (FNV-1a by words). */
void mix(uint64_t *sum, uint64_t word);
void mix_bytes(uint64_t *sum, const void *bytes, size_t len);

/* The entries of a table, as a sum; 0 when it cannot be read, with @ret. */
uint64_t table_sum(const struct hpt_table *table, int *ret);

/* A descriptor of a file in memory with these bytes, at its beginning. */
int file_of(const void *bytes, size_t len);

#endif /* FUZZ_H */
