/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_ERROR_H
#define HPT_ERROR_H

/**
 * @file hpt/error.h
 * @brief Error codes and the caller-owned description of an error.
 *
 * Every function of libhpt that can fail returns an `int`: 0 (#HPT_OK) or one of
 * the negative values of enum #hpt_code, never a count. Its last parameter is an
 * optional pointer to a struct #hpt_error that the caller owns; NULL is always
 * allowed and costs only the text. Outputs are untouched when a function fails.
 *
 * @par Thread classes
 * The word after "Threads:" in each comment is one of
 * - *pure*: reads and writes nothing but its arguments; call it from anywhere,
 *   a signal handler included;
 * - *const*: may run concurrently with other const calls on the same handle when
 *   hpt_table_info() says #HPT_TABLE_CONCURRENT;
 * - *exclusive*: no other call on the same handle may run meanwhile.
 *
 * Handles share nothing with each other: two handles may always be used by two
 * threads at once. The library never prints, exits, reads the environment or keeps
 * writable static data.
 */

#include <stdint.h>

#if defined(__GNUC__)
#define HPT_API __attribute__((visibility("default")))
#else
#define HPT_API
#endif

#ifdef __cplusplus
#define HPT_BEGIN_DECLS extern "C" {
#define HPT_END_DECLS }
#else
#define HPT_BEGIN_DECLS
#define HPT_END_DECLS
#endif

HPT_BEGIN_DECLS

/**
 * @brief What went wrong: the closed set of results of libhpt and libhpt-guest.
 */
enum hpt_code {
	/** It worked. */
	HPT_OK = 0,
	/** An argument is outside its documented range (a NULL, an unknown flag, a
	 *  structure's size that is too small, a reserved field that is not zero). */
	HPT_ERR_ARGUMENT = -1,
	/** Memory could not be allocated. */
	HPT_ERR_MEMORY = -2,
	/** A system call failed; hpt_error::os_errno says how. */
	HPT_ERR_SYSTEM = -3,
	/** A range of entries does not lie in the table. */
	HPT_ERR_RANGE = -4,
	/** The table cannot be written through this handle. */
	HPT_ERR_READ_ONLY = -5,
	/** This build, host, kernel or backend cannot do it. */
	HPT_ERR_UNSUPPORTED = -6,
	/** The order (log2 of the table's bytes) is not known, or not in 18 to 46. */
	HPT_ERR_ORDER = -7,
	/** A stream ended inside a chunk's 8-byte header. */
	HPT_ERR_TRUNCATED_HEADER = -8,
	/** A stream ended inside a chunk's valid entries. */
	HPT_ERR_TRUNCATED_ENTRIES = -9,
	/** A stream of QEMU's dialect ended without its end marker. */
	HPT_ERR_TRUNCATED_END = -10,
	/** A chunk begins beyond the end of the table. */
	HPT_ERR_CHUNK_INDEX = -11,
	/** A chunk begins in the table and its counts lead beyond the end. */
	HPT_ERR_CHUNK_COUNT = -12,
	/** An entry among a chunk's valid ones does not have its V bit set. */
	HPT_ERR_NOT_VALID = -13,
	/** A stream's complete first pass covers another number of slots than the
	 *  order that was given. */
	HPT_ERR_CONTRADICTION = -14,
	/** The byte order of a stream's headers cannot be told from its bytes. */
	HPT_ERR_BYTE_ORDER = -15,
	/** An entry's L and LP bits name no page size of this processor. */
	HPT_ERR_PAGE_SIZE = -16,
	/** An entry cannot stand in the PTEG in which it was found. */
	HPT_ERR_PTEG = -17,
	/** A field's value does not fit the form it was to be put in. */
	HPT_ERR_FORM = -18,
	/** The guest has no hashed page table (it uses radix, or has not chosen). */
	HPT_ERR_NO_HPT = -19,
	/** The bytes are not of the format that they were taken for. */
	HPT_ERR_FORMAT = -20,
	/** A file ended before what it had announced. */
	HPT_ERR_TRUNCATED = -21,
	/** A section of a saved guest has a length that only QEMU's description at
	 *  the end of the file gives, and that could not be had. */
	HPT_ERR_SECTION_LENGTH = -22,
	/** The kernel or hypervisor is busy: a vCPU is running, or of a guest behind a monitor a
	 *  migration. Stop it, or wait, and retry. */
	HPT_ERR_BUSY = -23,
	/** The kernel or hypervisor refused an entry, or its monitor a command. */
	HPT_ERR_REFUSED = -24,
	/** An entry of a live table changed at each of many attempts to read it. */
	HPT_ERR_UNSTABLE = -25,
	/** A callback asked to stop. */
	HPT_ERR_STOPPED = -26,
};

/** @name Bits of hpt_error::has
 * @{ */
#define HPT_ERROR_HAS_PTEX 1u    /**< hpt_error::ptex means something */
#define HPT_ERROR_HAS_ADDRESS 2u /**< hpt_error::address means something */
#define HPT_ERROR_HAS_OFFSET 4u  /**< hpt_error::offset means something */
/** @} */

/** Bytes of hpt_error::text, with the closing NUL. */
#define HPT_ERROR_TEXT 320

/**
 * @brief Where and why something failed.
 *
 * Owned by the caller, written whole by the function that fails, left alone by one
 * that succeeds. It needs no initialisation and holds no resources.
 */
struct hpt_error {
	int code;          /**< the value that was returned, of enum #hpt_code */
	int os_errno;      /**< errno of the system call that failed, or 0 */
	uint32_t has;      /**< which of the next three are set: HPT_ERROR_HAS_* */
	uint32_t reserved; /**< 0 */
	uint64_t ptex;     /**< index of the entry in its table */
	uint64_t address;  /**< real or effective address, in bytes */
	uint64_t offset;   /**< bytes from the start of the stream or file */
	/** One line, no newline: what was being done, where, what was found and what
	 *  was expected. Cut, never overrun, when it would be longer. */
	char text[HPT_ERROR_TEXT];
};

/**
 * @brief The meaning of a code in a few words.
 * @param code a value of enum #hpt_code, or any int
 * @return a static string, never NULL: "unknown error code" for other values
 *
 * Threads: pure.
 */
HPT_API const char *hpt_code_text(int code);

/**
 * @brief The name of a code, as it is spelled in enum #hpt_code.
 * @param code a value of enum #hpt_code, or any int
 * @return a static string such as "HPT_ERR_RANGE", or NULL for other values
 *
 * Threads: pure.
 */
HPT_API const char *hpt_code_name(int code);

/**
 * @brief Fill an error: for the authors of backends and callbacks.
 * @param err what to fill, or NULL
 * @param code the code to set, negative, of enum #hpt_code
 * @param os_errno errno of the call that failed, or 0
 * @param text one line without a newline; NULL stands for hpt_code_text()
 * @return @p code, so that `return hpt_error_fill(...)` reads well
 *
 * Every other field is cleared. Threads: pure.
 */
HPT_API int hpt_error_fill(struct hpt_error *err, int code, int os_errno,
			   const char *text);

/**
 * @brief Put "text: " before an error's text, so that a chain of callers reads as a trace.
 * @param err an error that has been filled, or NULL
 * @param text what the caller was doing
 * @return hpt_error::code of @p err, or 0 when @p err is NULL
 *
 * The end of the text is cut when both do not fit. Threads: pure.
 */
HPT_API int hpt_error_prepend(struct hpt_error *err, const char *text);

HPT_END_DECLS

#endif /* HPT_ERROR_H */
