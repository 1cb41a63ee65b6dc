/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_MEMORY_H
#define HPT_MEMORY_H

/**
 * @file hpt/memory.h
 * @brief Tables in memory: at a pointer, in a guest's RAM behind a callback, or sparse.
 */

#include <stddef.h>
#include <stdint.h>

#include <hpt/error.h>
#include <hpt/hpte.h>
#include <hpt/table.h>

HPT_BEGIN_DECLS

/** @name Bits of hpt_memory_options::flags
 * @{ */
/** Others (vCPUs, threads) read or write the table meanwhile: read and write each entry
 *  so that nobody sees half of one. Without it the memory is private to the caller. */
#define HPT_MEMORY_LIVE 1u
/** Never write. */
#define HPT_MEMORY_READ_ONLY 2u
/** The entries are in the ISA 3.0 form. */
#define HPT_MEMORY_V3 4u
/** @} */

/** @brief How to open a table in memory. */
struct hpt_memory_options {
	size_t size;    /**< sizeof(struct hpt_memory_options) */
	uint32_t flags; /**< HPT_MEMORY_* */
};

/**
 * @brief A table at a pointer in this process.
 * @param base the table's first byte, 16-byte aligned; the caller's, and must stay until
 *        hpt_table_close()
 * @param order log2 of its bytes, 18 to 46
 * @param options NULL: private, writable, classic
 * @param out receives the handle
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: NULL or misaligned memory, unknown flags;
 *         #HPT_ERR_ORDER; #HPT_ERR_MEMORY
 *
 * Reading a live table: doubleword 0, doubleword 1, and both again in that order (acquire),
 * until each has been the same twice; #HPT_ERR_UNSTABLE after 1,000 attempts. More than 64 at
 * once go through the heap (#HPT_ERR_MEMORY), for nothing is put out before all is read. What
 * cannot be told: both doublewords that changed and came back within the four loads (an entry
 * replaced and put back at least twice). Who must not meet even that stops the vCPUs first.
 * Writing it: V clear, then
 * doubleword 1, then doubleword 0 (release), so that no CPU ever sees half an entry (Power
 * ISA 2.07 Book III-S 5.10). Tables of #HPT_MEMORY_V3 refuse to be written with entries
 * that have no such form (#HPT_ERR_FORM). Const calls may run concurrently; there is a
 * view. Threads: pure, but for the allocation of the handle.
 */
HPT_API int hpt_memory_open(void *base, unsigned order,
			    const struct hpt_memory_options *options,
			    struct hpt_table **out, struct hpt_error *err);

/** @brief Guest memory: anything that can read bytes at a real address. */
struct hpt_memory_ops {
	/** sizeof(struct hpt_memory_ops), as the author knew it. */
	size_t size;
	/** Read @p len bytes at real address @p ra. Returns 0 or a code, with @p err (never
	 *  NULL) filled and @p bytes untouched. */
	int (*read)(void *ctx, uint64_t ra, size_t len, void *bytes,
		    struct hpt_error *err);
	/** Optional: write @p len bytes at real address @p ra. */
	int (*write)(void *ctx, uint64_t ra, size_t len, const void *bytes,
		     struct hpt_error *err);
	/** Optional: a borrowed pointer to @p len bytes at @p ra, or NULL. */
	const void *(*view)(void *ctx, uint64_t ra, size_t len);
};

/**
 * @brief A table in a guest's RAM.
 * @param ops how to reach the RAM; must stay valid until hpt_table_close()
 * @param ctx given to each of @p ops
 * @param ra real address of the table's first byte, a multiple of 2^18
 * @param order log2 of its bytes, 18 to 46
 * @param options NULL: private, writable if @p ops can write, classic
 * @param out receives the handle
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: a NULL, an unknown flag, a misaligned address, or one so
 *         high that the table would end above 2^64; #HPT_ERR_ORDER; #HPT_ERR_MEMORY. Reads
 *         and writes return what @p ops return.
 *
 * #HPT_MEMORY_LIVE entries are read until two readings in a row are equal
 * (#HPT_ERR_UNSTABLE after 1,000), more than 64 at once through the heap
 * (#HPT_ERR_MEMORY), and written in the order V clear, doubleword 1, doubleword 0, as far as
 * @p ops keep to it. Const calls may run concurrently if @p ops may. Threads: pure, but for the allocation of the handle.
 */
HPT_API int hpt_ram_open(const struct hpt_memory_ops *ops, void *ctx, uint64_t ra,
			 unsigned order, const struct hpt_memory_options *options,
			 struct hpt_table **out, struct hpt_error *err);

/**
 * @brief A table of the library's own, empty, whose memory follows its valid entries.
 * @param order log2 of its bytes, 18 to 46
 * @param out receives the handle
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ORDER; #HPT_ERR_MEMORY. Writes may return #HPT_ERR_MEMORY.
 *
 * Const calls may run concurrently; there is a view. Iteration costs what is valid.
 * Threads: pure, but for the allocation.
 */
HPT_API int hpt_sparse_open(unsigned order, struct hpt_table **out,
			    struct hpt_error *err);

HPT_END_DECLS

#endif /* HPT_MEMORY_H */
