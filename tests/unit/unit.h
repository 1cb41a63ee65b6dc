/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef UNIT_H
#define UNIT_H

/*
 * What the unit tests share: cmocka, errors that are checked whole, readable text made into
 * bytes, captures and their truth, numbers from a seed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hpt/hpt.h>

#define UNIT_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ULL(x) ((unsigned long long)(x))

/* An error whose bytes show when somebody has written to it. */
void unit_poison(struct hpt_error *err);

/* It worked, and left the poisoned error alone. */
void unit_ok(int ret, const struct hpt_error *err);

/* It failed with exactly this code and text, and an error that is filled whole. */
void unit_error(int ret, const struct hpt_error *err, int code, const char *text);

/* The same, with exactly these places (HPT_ERROR_HAS_*); @at is ptex, address or offset. */
void unit_error_at(int ret, const struct hpt_error *err, int code, const char *text,
		   uint32_t has, uint64_t at);

/* It refused a structure that claims to have @size bytes, where @expected are the least. */
void unit_too_small(int ret, const struct hpt_error *err, const char *name, size_t size,
		    size_t expected);

/*
 * Bytes of a readable text, at @out; returns how many. Words are separated by spaces; a word
 * may begin with "N*", to have it N times. Numbers are hex.
 *   L:INDEX,NV,NI  a chunk's header, little-endian    B:INDEX,NV,NI  the same, big-endian
 *   E:V,R          an entry, big-endian               Z  an end marker (8 zeros)
 *   C:W            a 32-bit big-endian cell           x:HH...  bytes
 */
size_t unit_bytes(const char *text, unsigned char *out, size_t room);

/* The same seed gives the same numbers. */
uint64_t unit_random(uint64_t *seed);

/*
 * Of so many random cases those to try here: all, or where the environment has HPT_TEST_SHARE=N
 * one in N, which is for builds that are slow.
 */
unsigned unit_share(unsigned cases);

/* A random entry that is valid, with neither of the hypervisor's bits. */
struct hpt_entry unit_random_entry(uint64_t *seed);

/* The bytes of a file below HPT_TEST_DATA, with a NUL behind them; free() them. */
char *unit_load(const char *path, size_t *len);

/* Does it exist below HPT_TEST_DATA? */
bool unit_exists(const char *path);

/*
 * The truth that lies beside a capture: lines "index v host_r guest_r" of the host kernel's own
 * listing, in the form that host has, as a guest sees them. @out has 2^14 entries.
 */
void unit_load_listing(const char *path, bool v3, struct hpt_entry *out);

/* Slots of the captured tables, all of order 18. */
#define UNIT_SLOTS 16384u

/* Equal in all but what the kernel keeps for itself? */
void unit_same_entry(uint64_t ptex, struct hpt_entry found, struct hpt_entry expected);

/* Every slot of @table is what @expected says, by hpt_table_read() in one piece. */
void unit_same_table(const struct hpt_table *table, const struct hpt_entry *expected, size_t n);

#endif /* UNIT_H */
