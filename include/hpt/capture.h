/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_CAPTURE_H
#define HPT_CAPTURE_H

/**
 * @file hpt/capture.h
 * @brief A captured HTAB stream as a table: one pass, or several on top of each other.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hpt/error.h>
#include <hpt/stream.h>
#include <hpt/table.h>

HPT_BEGIN_DECLS

/** @name Bits of hpt_capture_options::flags
 * @{ */
/** When the order cannot be told, take the smallest that holds what the stream names,
 *  instead of failing with #HPT_ERR_ORDER. Slots and PTEGs are right then, but virtual
 *  addresses that are found by undoing the hash may not be. */
#define HPT_CAPTURE_GUESS_ORDER 1u
/** @} */

/** @brief How to open a captured stream. */
struct hpt_capture_options {
	size_t size;              /**< sizeof(struct hpt_capture_options) */
	uint32_t flags;           /**< HPT_CAPTURE_* */
	enum hpt_dialect dialect; /**< #HPT_DIALECT_DETECT: find out by looking */
	uint32_t order;           /**< log2 of the table's bytes; 0: from the first pass */
	/** Stop before the pass after so many: the table as it was then; 0: all. A stream of
	 *  fewer gives what it has: hpt_capture_info::summary says how many. */
	uint32_t passes;
};

/** @brief What is known of a captured stream. */
struct hpt_capture_info {
	size_t size;                       /**< set by the caller */
	enum hpt_dialect dialect;          /**< given or found */
	bool dialect_found;                /**< found by looking */
	bool order_found;                  /**< found from a complete first pass */
	bool order_guessed;                /**< by #HPT_CAPTURE_GUESS_ORDER */
	struct hpt_stream_summary summary; /**< of all bytes, of all calls */
};

/**
 * @brief Open a stream from a descriptor: read it to its end into a table.
 * @param fd a file, pipe or socket, read from its position; stays open, the caller's
 * @param options NULL: find everything out
 * @param out receives the handle
 * @param err see hpt/error.h; hpt_error::offset counts from the first byte read
 * @return 0; the errors of hpt_decoder_next(), hpt_decoder_finish() and
 *         hpt_stream_detect(); #HPT_ERR_ORDER: no order was given and the first pass is
 *         not complete (the text names the first slot that it left out);
 *         #HPT_ERR_SYSTEM: read(2) failed; #HPT_ERR_MEMORY
 *
 * A stream of no bytes is a pass in which nothing changed: with an order it makes an empty
 * table, and hpt_capture_info::dialect stays #HPT_DIALECT_DETECT until a pass is applied.
 * The table holds the state after the last pass, may be written (the stream is not),
 * and follows in memory what is valid. Threads: pure, but for the descriptor.
 */
HPT_API int hpt_capture_open(int fd, const struct hpt_capture_options *options,
			     struct hpt_table **out, struct hpt_error *err);

/**
 * @brief Open a stream from memory: nothing of it is kept.
 * @param bytes the stream
 * @param len its length
 * @param options NULL: find everything out
 * @param out receives the handle
 * @param err see hpt/error.h
 * @return as hpt_capture_open()
 *
 * Threads: pure, but for the allocation.
 */
HPT_API int hpt_capture_open_memory(const void *bytes, size_t len,
				    const struct hpt_capture_options *options,
				    struct hpt_table **out, struct hpt_error *err);

/**
 * @brief Open a stream from any source of bytes.
 * @param ops the source; used during the call only
 * @param ctx given to @p ops
 * @param options NULL: find everything out
 * @param out receives the handle
 * @param err see hpt/error.h
 * @return as hpt_capture_open(), or what @p ops returned
 *
 * Threads: pure, but for the source.
 */
HPT_API int hpt_capture_open_reader(const struct hpt_reader_ops *ops, void *ctx,
				    const struct hpt_capture_options *options,
				    struct hpt_table **out, struct hpt_error *err);

/**
 * @brief Apply another pass on top: same dialect, same order.
 * @param table a handle of one of the functions above
 * @param ops the source; used during the call only
 * @param ctx given to @p ops
 * @param err see hpt/error.h; hpt_error::offset counts from the source's first byte
 * @return as hpt_capture_open(); #HPT_ERR_ARGUMENT: the table is no captured stream. On
 *         failure the table is as it was.
 *
 * Threads: exclusive.
 */
HPT_API int hpt_capture_apply(struct hpt_table *table, const struct hpt_reader_ops *ops,
			      void *ctx, struct hpt_error *err);

/**
 * @brief What is known of the stream behind a table.
 * @param table a handle of one of the functions above
 * @param info its size is set by the caller
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: the table is no captured stream, or the size is too small
 *
 * Threads: const.
 */
HPT_API int hpt_capture_info(const struct hpt_table *table, struct hpt_capture_info *info,
			     struct hpt_error *err);

HPT_END_DECLS

#endif /* HPT_CAPTURE_H */
