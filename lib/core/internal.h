/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_CORE_INTERNAL_H
#define HPT_CORE_INTERNAL_H

/*
 * What every room of libhpt may use: filling errors, raw words, option structures.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <hpt/error.h>
#include <hpt/hpte.h>

#define HPT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/*
 * A formatter of our own, since the core may use nothing of libc but mem* and str*: no
 * locale, no allocation. Knows %s %c %d %u %x with the lengths l, ll, z, the flags # and
 * 0, a width, a precision for %s, and %%. Returns the length without the NUL, cut to
 * room - 1.
 */
size_t hpt_format(char *out, size_t room, const char *fmt, ...) HPT_PRINTF(3, 4);
size_t hpt_vformat(char *out, size_t room, const char *fmt, va_list ap);

/*
 * Each fills @err, if it is not NULL, and returns @code. The suffix says which place is
 * set; hpt_fail_errno() sets HPT_ERR_SYSTEM and adds the errno's name to the text.
 */
int hpt_fail(struct hpt_error *err, int code, const char *fmt, ...) HPT_PRINTF(3, 4);
int hpt_fail_offset(struct hpt_error *err, int code, uint64_t offset, const char *fmt, ...)
	HPT_PRINTF(4, 5);
int hpt_fail_ptex(struct hpt_error *err, int code, uint64_t ptex, const char *fmt, ...)
	HPT_PRINTF(4, 5);
int hpt_fail_address(struct hpt_error *err, int code, uint64_t address, const char *fmt, ...)
	HPT_PRINTF(4, 5);
int hpt_fail_errno(struct hpt_error *err, int os_errno, const char *fmt, ...)
	HPT_PRINTF(3, 4);

/* Add a place to an error that has been filled. */
void hpt_error_set_ptex(struct hpt_error *err, uint64_t ptex);
void hpt_error_set_offset(struct hpt_error *err, uint64_t offset);

/*
 * Take an option structure in: copies what both sides know of @from (NULL: nothing, all
 * zero) into @to, of @to_size bytes, and refuses one that is smaller than @min_size or
 * whose tail, unknown here, is not zero.
 */
int hpt_options_in(void *to, size_t to_size, size_t min_size, const void *from,
		   const char *what, struct hpt_error *err);

/*
 * Put a result structure out: @to begins with the caller's size; as much of @from as fits
 * is copied, the size member kept.
 */
int hpt_result_out(void *to, size_t min_size, const void *from, size_t from_size,
		   const char *what, struct hpt_error *err);

/* An order within HPT_ORDER_MIN and @max? Fills @err with HPT_ERR_ORDER if not. */
int hpt_check_order(unsigned order, unsigned max, struct hpt_error *err);

/* Words at any alignment. Compilers make one load or store of each. */
static inline uint64_t hpt_load_be64(const void *p)
{
	const unsigned char *b = p;

	return (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 |
	       (uint64_t)b[3] << 32 | (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 |
	       (uint64_t)b[6] << 8 | (uint64_t)b[7];
}

static inline uint32_t hpt_load_be32(const void *p)
{
	const unsigned char *b = p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline uint16_t hpt_load_be16(const void *p)
{
	const unsigned char *b = p;

	return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint64_t hpt_load_le64(const void *p)
{
	const unsigned char *b = p;

	return (uint64_t)b[7] << 56 | (uint64_t)b[6] << 48 | (uint64_t)b[5] << 40 |
	       (uint64_t)b[4] << 32 | (uint64_t)b[3] << 24 | (uint64_t)b[2] << 16 |
	       (uint64_t)b[1] << 8 | (uint64_t)b[0];
}

static inline uint32_t hpt_load_le32(const void *p)
{
	const unsigned char *b = p;

	return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

static inline uint16_t hpt_load_le16(const void *p)
{
	const unsigned char *b = p;

	return (uint16_t)(b[1] << 8 | b[0]);
}

static inline void hpt_store_be64(void *p, uint64_t value)
{
	unsigned char *b = p;

	b[0] = (unsigned char)(value >> 56);
	b[1] = (unsigned char)(value >> 48);
	b[2] = (unsigned char)(value >> 40);
	b[3] = (unsigned char)(value >> 32);
	b[4] = (unsigned char)(value >> 24);
	b[5] = (unsigned char)(value >> 16);
	b[6] = (unsigned char)(value >> 8);
	b[7] = (unsigned char)value;
}

/* What the hash takes of the segment, of 2^28 or 2^40 bytes. */
static inline uint64_t hpt_vsid_hash(uint64_t vsid, unsigned segment_shift)
{
	return segment_shift == 40 ? vsid ^ vsid << 25 : vsid;
}

/* The word that a value is in memory, for comparisons where it lies; of constants, too. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HPT_WORD_BE(value) __builtin_bswap64(value)
#else
#define HPT_WORD_BE(value) (value)
#endif

static inline uint64_t hpt_word_be(uint64_t value)
{
	return HPT_WORD_BE(value);
}

/* Does the entry say that its page is @actual, in a segment of @base? */
static inline bool hpt_page_matches(const struct hpt_base_size *base,
				    const struct hpt_page_encoding *actual,
				    struct hpt_entry entry)
{
	bool small = base->shift == 12 && actual->shift == 12;
	uint64_t below = (UINT64_C(1) << actual->shift) - 1;

	if (small || !(entry.v & HPT_V_LARGE))
		return small && !(entry.v & HPT_V_LARGE);
	return (entry.r & HPT_R_RPN & below) == (uint64_t)actual->lp << 12;
}

/* Which of the pages of @base the entry says: its number in @base, or @base->n. */
static inline uint32_t hpt_page_of(const struct hpt_base_size *base, struct hpt_entry entry)
{
	uint32_t i = 0;

	while (i < base->n && !hpt_page_matches(base, &base->actual[i], entry))
		i++;
	return i;
}

/*
 * L and LP of an SLB entry's second word, as they stand there but for four bits. Two bits that
 * say nothing lie between them.
 */
enum hpt_encoding {
	HPT_ENCODING_4K = 0x00,
	HPT_ENCODING_16M = 0x10,
	HPT_ENCODING_64K = 0x11,
	HPT_ENCODING_16G = 0x12,
	HPT_ENCODING_1M = 0x13,
	HPT_ENCODINGS = 0x20,
};

static inline unsigned hpt_encoding(uint64_t vsid_word)
{
	return (unsigned)(vsid_word >> 4) % HPT_ENCODINGS;
}

/* The same with N, which is the next bit: never set in hpt_own_sizes::encodings. */
static inline unsigned hpt_encoding_n(uint64_t vsid_word)
{
	return (unsigned)(vsid_word >> 4) % (2 * HPT_ENCODINGS);
}

/* Data of this library alone: their address is no load. */
#define HPT_HIDDEN __attribute__((visibility("hidden")))

/* What hpt_page_sizes_of() hands out, and which encodings it knows, a bit each. */
struct hpt_own_sizes {
	struct hpt_page_sizes sizes;
	uint64_t encodings;
};

extern const struct hpt_own_sizes hpt_own_sizes[HPT_CPU_COUNT] HPT_HIDDEN;

/* The encodings, or 0: page sizes that somebody else has made. */
static inline uint64_t hpt_own_encodings(const struct hpt_page_sizes *sizes)
{
	uintptr_t at = (uintptr_t)sizes - (uintptr_t)hpt_own_sizes;

	if (at >= sizeof(hpt_own_sizes))
		return 0;
	return ((const struct hpt_own_sizes *)(const void *)sizes)->encodings;
}

#endif /* HPT_CORE_INTERNAL_H */
