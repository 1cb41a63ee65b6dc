/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TABLE_H
#define HPT_TABLE_H

/**
 * @file hpt/table.h
 * @brief A hashed page table, wherever it lives: read n entries, write n entries, iterate.
 *
 * A table is anything that gives n entries from an index (PTEX). The backends of
 * hpt/memory.h, hpt/kvm.h, hpt/debugfs.h, hpt/capture.h and hpt/qemu.h make one; so does
 * hpt_table_open() with operations of your own, which the built-in backends use too.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hpt/error.h>
#include <hpt/hpte.h>

HPT_BEGIN_DECLS

/** @brief An open table. Opaque. */
struct hpt_table;

/**
 * @brief Called with consecutive valid entries, in ascending order of index.
 * @param arg what was given to hpt_table_each()
 * @param ptex index of the first entry
 * @param n number of entries, at least 1
 * @param entries the entries; valid only during the call
 * @return 0 to go on; anything else ends the iteration with #HPT_ERR_STOPPED
 */
typedef int hpt_each_fn(void *arg, uint64_t ptex, size_t n,
			const struct hpt_entry *entries);

/**
 * @brief Called with the valid entries of a block of 64 slots, in ascending order of blocks.
 * @param arg what was given to hpt_table_each_block()
 * @param ptex index of the block's first slot, a multiple of 64
 * @param valid bit i (of value 2^i) is set when slot @p ptex + i is valid, and in the range
 *        that was asked for; never 0
 * @param entries 64 entries, host byte order, classic form, #HPT_V_HYPERVISOR clear; {0, 0}
 *        where the bit of @p valid is clear; valid only during the call
 * @return 0 to go on; anything else ends the iteration with #HPT_ERR_STOPPED
 */
typedef int hpt_block_fn(void *arg, uint64_t ptex, uint64_t valid,
			 const struct hpt_entry *entries);

/** @brief A piece of what changed in a table since it was last asked. */
struct hpt_change {
	uint64_t ptex;      /**< index of the first entry */
	uint64_t n_valid;   /**< entries from there that are valid now */
	uint64_t n_invalid; /**< entries after those that are not */
	bool end_of_pass;   /**< nothing more changed until now; the counts are 0 */
};

/**
 * @brief What a backend does. Fill it, keep it constant, give it to hpt_table_open().
 *
 * The library checks ranges before it calls: @c ptex and @c n always lie in the table
 * and @c n is never 0. Entries are in host byte order, classic form; a backend clears
 * #HPT_V_HYPERVISOR in what it gives. Each function returns 0 or a code of enum
 * #hpt_code, fills @c err (never NULL) when it fails, and leaves its outputs untouched
 * then. Members after @c size may be NULL where "optional" is said.
 */
struct hpt_table_ops {
	/** sizeof(struct hpt_table_ops), as the author knew it. */
	size_t size;
	/** Read @p n entries from @p ptex into @p out. */
	int (*read)(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		    struct hpt_error *err);
	/** Optional: write @p n entries at @p ptex. Without it the table is read-only.
	 *  On failure hpt_error::ptex names the first entry that was not written. */
	int (*write)(void *ctx, uint64_t ptex, size_t n, const struct hpt_entry *in,
		     struct hpt_error *err);
	/** Optional: make @p n entries from @p ptex invalid. Without it the library
	 *  writes entries of zeros. */
	int (*clear)(void *ctx, uint64_t ptex, uint64_t n, struct hpt_error *err);
	/** Optional: call @p fn with each run of valid entries in [ptex, ptex + n), and
	 *  return #HPT_ERR_STOPPED when it does not return 0. Without it the library
	 *  reads the range. */
	int (*each)(void *ctx, uint64_t ptex, uint64_t n, hpt_each_fn *fn, void *arg,
		    struct hpt_error *err);
	/** Optional: the raw entries themselves, in the form that was said to
	 *  hpt_table_open(), @p n of them from @p ptex, contiguous and readable until the
	 *  table is next written or closed; NULL where there is no such memory. @p n is at
	 *  most 8 and the range lies within one group. */
	const struct hpt_raw_entry *(*view)(void *ctx, uint64_t ptex, size_t n);
	/** Optional: the next change. Write at most @p max entries to @p out. */
	int (*next_change)(void *ctx, struct hpt_change *change, struct hpt_entry *out,
			   size_t max, struct hpt_error *err);
	/** Optional: called once by hpt_table_close(). */
	void (*close)(void *ctx);
	/** Optional: call @p fn with each block of 64 slots in which there is a valid entry in
	 *  [ptex, ptex + n), and return #HPT_ERR_STOPPED when it does not return 0. Without it the
	 *  library puts the runs of each together, which takes several times as long in a
	 *  table that is half full. */
	int (*each_block)(void *ctx, uint64_t ptex, uint64_t n, hpt_block_fn *fn, void *arg,
			  struct hpt_error *err);
};

/** @name Bits of hpt_table_config::flags and hpt_table_info::flags
 * @{ */
/** Const calls may run concurrently with each other. */
#define HPT_TABLE_CONCURRENT 1u
/** Somebody else (a guest, a kernel) changes the table while it is open. */
#define HPT_TABLE_LIVE 2u
/** Result only: hpt_table_write() and hpt_table_clear() work. */
#define HPT_TABLE_WRITABLE 0x100u
/** Result only: hpt_table_view() gives raw entries. */
#define HPT_TABLE_VIEW 0x200u
/** Result only: hpt_table_next_change() works. */
#define HPT_TABLE_CHANGES 0x400u
/** @} */

/** @brief What hpt_table_open() must know of a table. */
struct hpt_table_config {
	size_t size;         /**< sizeof(struct hpt_table_config) */
	const char *backend; /**< short name, static: "memory", "kvm", ... */
	uint32_t order;      /**< log2 of the table's bytes, 18 to 46 */
	uint32_t flags;      /**< #HPT_TABLE_CONCURRENT, #HPT_TABLE_LIVE */
	enum hpt_form form;  /**< form of the raw entries of a view */
};

/** @brief What is known of an open table. */
struct hpt_table_info {
	size_t size;         /**< set by the caller: sizeof(struct hpt_table_info) */
	const char *backend; /**< short name, static */
	uint64_t entries;    /**< number of slots, 2^(order - 4) */
	uint32_t order;      /**< log2 of the table's bytes */
	uint32_t flags;      /**< HPT_TABLE_* */
	enum hpt_form form;  /**< form of the raw entries of a view */
};

/**
 * @brief Open a table of one's own.
 * @param ops what the backend does; must stay valid until hpt_table_close()
 * @param ctx given to each of @p ops
 * @param config what the library must know; copied
 * @param out receives the handle; the caller closes it with hpt_table_close()
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: a NULL, a size that is too small, or an unknown flag;
 *         #HPT_ERR_ORDER: the order is not in 18 to 46; #HPT_ERR_MEMORY. On failure
 *         hpt_table_ops::close is not called.
 *
 * Threads: pure, but for the allocation of the handle.
 */
HPT_API int hpt_table_open(const struct hpt_table_ops *ops, void *ctx,
			   const struct hpt_table_config *config,
			   struct hpt_table **out, struct hpt_error *err);

/**
 * @brief Close a table and free its handle.
 * @param table a handle, or NULL, which does nothing
 *
 * Threads: exclusive.
 */
HPT_API void hpt_table_close(struct hpt_table *table);

/**
 * @brief What is known of a table.
 * @param table a handle
 * @param info its size is set by the caller; as much of the rest as that size holds is
 *        written
 * @param err see hpt/error.h
 * @return 0, or #HPT_ERR_ARGUMENT: the size is smaller than the first release's
 *
 * Threads: const, always concurrent.
 */
HPT_API int hpt_table_info(const struct hpt_table *table, struct hpt_table_info *info,
			   struct hpt_error *err);

/**
 * @brief Log2 of a table's bytes.
 * @param table a handle
 * @return 18 to 46
 *
 * Threads: const, always concurrent.
 */
HPT_API unsigned hpt_table_order(const struct hpt_table *table);

/**
 * @brief Number of slots in a table.
 * @param table a handle
 * @return 2^(order - 4)
 *
 * Threads: const, always concurrent.
 */
HPT_API uint64_t hpt_table_entries(const struct hpt_table *table);

/**
 * @brief Read entries.
 * @param table a handle
 * @param ptex index of the first entry, any alignment
 * @param n number of entries; 0 does nothing
 * @param out receives @p n entries, valid and invalid ones, host byte order, classic
 *        form, #HPT_V_HYPERVISOR clear. Invalid ones that the backend has no record
 *        of are {0, 0}
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_RANGE: [ptex, ptex + n) does not lie in the table; what the
 *         backend may return: see its opening function
 *
 * An entry is never torn: both its words are of one moment. Entries of a live table
 * may be of different moments. Threads: const.
 */
HPT_API int hpt_table_read(const struct hpt_table *table, uint64_t ptex, size_t n,
			   struct hpt_entry *out, struct hpt_error *err);

/**
 * @brief Write entries.
 * @param table a handle
 * @param ptex index of the first entry, any alignment
 * @param n number of entries; 0 does nothing
 * @param in @p n entries, host byte order, classic form; #HPT_V_HYPERVISOR is ignored,
 *        and where V is clear the slot becomes invalid
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_RANGE: as for hpt_table_read(), nothing is written;
 *         #HPT_ERR_READ_ONLY; what the backend may return. When a backend fails
 *         half-way, hpt_error::ptex is the first entry that was not written: all
 *         before it were.
 *
 * TLB invalidation is the caller's affair. Threads: exclusive.
 */
HPT_API int hpt_table_write(struct hpt_table *table, uint64_t ptex, size_t n,
			    const struct hpt_entry *in, struct hpt_error *err);

/**
 * @brief Make entries invalid.
 * @param table a handle
 * @param ptex index of the first entry, any alignment
 * @param n number of entries; 0 does nothing
 * @param err see hpt/error.h
 * @return as hpt_table_write()
 *
 * Threads: exclusive.
 */
HPT_API int hpt_table_clear(struct hpt_table *table, uint64_t ptex, uint64_t n,
			    struct hpt_error *err);

/**
 * @brief Visit the valid entries of a range, in ascending order.
 * @param table a handle
 * @param ptex index of the first slot
 * @param n number of slots; UINT64_MAX stands for "to the end"
 * @param fn called with each run of consecutive valid entries; a long run may come in
 *        several calls. It must not write the table.
 * @param arg given to @p fn
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_STOPPED: @p fn did not return 0; #HPT_ERR_RANGE; what the
 *         backend may return
 *
 * In the built-in backends that hold a stream or a saved guest the cost follows the
 * valid entries, not the slots. Threads: const.
 */
HPT_API int hpt_table_each(const struct hpt_table *table, uint64_t ptex, uint64_t n,
			   hpt_each_fn *fn, void *arg, struct hpt_error *err);

/**
 * @brief Visit the valid entries of a range, a block of 64 slots at a time.
 * @param table a handle
 * @param ptex index of the first slot, any alignment
 * @param n number of slots; UINT64_MAX stands for "to the end"
 * @param fn called once for each block, aligned to 64 slots, in which there is a valid entry.
 *        It must not write the table.
 * @param arg given to @p fn
 * @param err see hpt/error.h
 * @return as hpt_table_each()
 *
 * The same entries as hpt_table_each() gives. Where they come in many short runs, as in a
 * table that is half full, this is several times as fast: nobody has to guess how long a run
 * is, and what is counted or summed up can be so without asking which slots are valid. Of
 * memory that nobody else writes (hpt_memory_open() without #HPT_MEMORY_LIVE) and of a flat image
 * in a file (hpt/guest.h) it takes about as long as to read it once. Of a backend of one's own see
 * hpt_table_ops::each_block. Threads: const.
 */
HPT_API int hpt_table_each_block(const struct hpt_table *table, uint64_t ptex, uint64_t n,
				 hpt_block_fn *fn, void *arg, struct hpt_error *err);

/**
 * @brief A borrowed pointer to raw entries, so that a lookup copies nothing.
 * @param table a handle
 * @param ptex index of the first entry
 * @param n number of entries, 1 to 8, within one group
 * @return the raw entries, big-endian, in the form that hpt_table_info() says, with
 *         whatever software bits they have; NULL when the backend has none, or the
 *         range is not within one group of the table. Valid until the table is next
 *         written or closed.
 *
 * In a live table read doubleword 0, then doubleword 1, then both again in that order
 * (acquire), and believe the entry only when each was the same twice: see
 * hpt_memory_open(). Threads: const.
 */
HPT_API const struct hpt_raw_entry *hpt_table_view(const struct hpt_table *table,
						   uint64_t ptex, size_t n);

/**
 * @brief What changed since the last time: one piece at a time.
 * @param table a handle
 * @param change receives the piece
 * @param out receives hpt_change::n_valid entries
 * @param max room at @p out, at least 1
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_UNSUPPORTED: the backend keeps no such record (no
 *         #HPT_TABLE_CHANGES); what the backend may return
 *
 * The first pass reports every slot. A pass ends with hpt_change::end_of_pass; the next
 * call begins another, of what changed meanwhile. Threads: exclusive.
 */
HPT_API int hpt_table_next_change(struct hpt_table *table, struct hpt_change *change,
				  struct hpt_entry *out, size_t max,
				  struct hpt_error *err);

/**
 * @brief Make one table equal to another.
 * @param to the table to write; its order must be that of @p from
 * @param from the table to read
 * @param done receives, also on failure and if not NULL, how far it came: every slot
 *        below is equal to that of @p from
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ORDER: the orders differ; #HPT_ERR_READ_ONLY; what the backends
 *         may return, with hpt_error::ptex the first entry that was not written
 *
 * Threads: exclusive on @p to, const on @p from.
 */
HPT_API int hpt_table_copy(struct hpt_table *to, const struct hpt_table *from,
			   uint64_t *done, struct hpt_error *err);

/**
 * @brief Called for each slot in which two tables differ, in ascending order.
 * @param arg what was given to hpt_table_compare()
 * @param ptex index of the slot
 * @param before the first table's entry; {0, 0} where it has none that is valid
 * @param after the second table's entry, likewise
 * @return 0 to go on; anything else ends the comparison with #HPT_ERR_STOPPED
 */
typedef int hpt_compare_fn(void *arg, uint64_t ptex, struct hpt_entry before,
			   struct hpt_entry after);

/** @brief How to compare. */
struct hpt_compare_options {
	size_t size; /**< sizeof(struct hpt_compare_options) */
	/** Bits in which two valid entries may differ and be the same, such as
	 *  #HPT_R_REFERENCED and #HPT_R_CHANGED in its r; #HPT_V_VALID cannot be one. */
	struct hpt_entry ignore;
};

/**
 * @brief Where two tables differ, slot by slot.
 * @param before a table
 * @param after another, of the same order
 * @param options NULL: every bit counts
 * @param fn called for each slot with a difference; it may read both tables, and must
 *        write neither
 * @param arg given to @p fn
 * @param err see hpt/error.h
 * @return 0: compared to the end; #HPT_ERR_ARGUMENT: a NULL, a size that cannot be, or
 *         #HPT_V_VALID among the bits to ignore; #HPT_ERR_ORDER: the orders differ;
 *         #HPT_ERR_STOPPED: @p fn did not return 0; what the backends may return
 *
 * What is not valid is equal to all else that is not, and #HPT_V_HYPERVISOR never counts: a
 * table that migrated is equal to what it was. The order of two slots says nothing of the
 * order of two changes. The cost follows the valid entries where it does in
 * hpt_table_each(), with little memory, all of it on the stack. Of a live table every entry
 * is whole, but two may be of different moments. Threads: const on both.
 */
HPT_API int hpt_table_compare(const struct hpt_table *before,
			      const struct hpt_table *after,
			      const struct hpt_compare_options *options,
			      hpt_compare_fn *fn, void *arg, struct hpt_error *err);

HPT_END_DECLS

#endif /* HPT_TABLE_H */
