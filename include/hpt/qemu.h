/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_QEMU_H
#define HPT_QEMU_H

/**
 * @file hpt/qemu.h
 * @brief QEMU's migration stream, item by item; the hashed page table in it as a table.
 *
 * A saved pseries guest ("migrate exec:cat > file", the inside of a "virsh save" file) is a
 * stream of items: a configuration, sections, commands, an end. The sections that come in
 * rounds, "ram" and "spapr/htab", are read here: the table whole, RAM by place (which bytes
 * of the file hold which page). A section of device state has no length in the stream; who
 * knows the length, from the JSON description that closes most files, says so through a
 * callback (libhpt-guest does). The table needs nothing behind the end of "spapr/htab".
 *
 * All numbers in the stream are big-endian. Sources: QEMU 7.2 and 10.0
 * docs/devel/migration, and the format of migration/savevm.c, migration/ram.c and
 * hw/ppc/spapr.c.
 *
 * The input is hostile: every length is checked before it is used, memory follows what was
 * really read, and each error names its offset.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hpt/error.h>
#include <hpt/stream.h>
#include <hpt/table.h>

HPT_BEGIN_DECLS

/** @brief A migration stream that is being read. Opaque. */
struct hpt_qemu;

/** @brief Kinds of items; the values are those of the stream. */
enum hpt_qemu_type {
	HPT_QEMU_EOF = 0x00,           /**< end; a description may follow */
	HPT_QEMU_START = 0x01,         /**< first round of a section */
	HPT_QEMU_PART = 0x02,          /**< a round */
	HPT_QEMU_END = 0x03,           /**< last round */
	HPT_QEMU_FULL = 0x04,          /**< a section in one piece: device state */
	HPT_QEMU_DESCRIPTION = 0x06,   /**< JSON that describes the FULL sections */
	HPT_QEMU_CONFIGURATION = 0x07, /**< machine type and capabilities */
	HPT_QEMU_COMMAND = 0x08,       /**< a command to the receiver */
};

/** @brief One item. Owned by the reader; valid until its next call. */
struct hpt_qemu_item {
	enum hpt_qemu_type type; /**< what it is */
	uint32_t section_id;     /**< of START to FULL */
	uint32_t instance_id;    /**< of START to FULL; of PART and END: of their START */
	uint32_t version_id;     /**< likewise */
	uint32_t command;        /**< of COMMAND: its number */
	/** Section's name (of PART and END: of their START), at most 255 bytes and a NUL; ""
	 *  for other items. Not to be trusted: it may hold any byte but NUL. */
	const char *name;
	uint64_t offset;         /**< of the item's type byte */
	uint64_t payload;        /**< offset of its payload */
	uint64_t length;         /**< bytes of its payload, footer not counted */
};

/**
 * @brief Tell the length of a section's payload.
 * @param arg hpt_qemu_options::arg
 * @param q the reader: hpt_qemu_rest() may be called, nothing else
 * @param item the section: type, name, instance and version are set, and the offset of
 *        the payload; its length is not
 * @param length receives the payload's length, footer not counted
 * @param err to fill on failure, never NULL
 * @return 0, or #HPT_ERR_SECTION_LENGTH when it is not known, or another code
 */
typedef int hpt_qemu_length_fn(void *arg, struct hpt_qemu *q,
			       const struct hpt_qemu_item *item, uint64_t *length,
			       struct hpt_error *err);

/**
 * @brief Told now and then how far the reader has come.
 * @param arg hpt_qemu_options::arg
 * @param done bytes read
 * @param total bytes in all, or 0: not known
 * @return 0 to go on; anything else ends with #HPT_ERR_STOPPED
 */
typedef int hpt_qemu_progress_fn(void *arg, uint64_t done, uint64_t total);

/** @name Bits of hpt_qemu_options::flags
 * @{ */
/** Map a regular file instead of reading it: about twice as fast, and there is a view. For
 *  files that nobody changes meanwhile, on a medium that does not fail: where a mapped file
 *  was shortened, or cannot be read, a look at it kills the process (SIGBUS). A file that
 *  cannot be mapped is read. */
#define HPT_QEMU_MAP 2u
/** @} */

/** @brief How to read a migration stream. */
struct hpt_qemu_options {
	size_t size;                    /**< sizeof(struct hpt_qemu_options) */
	uint32_t flags;                 /**< HPT_QEMU_* */
	/** Offset of the stream in its file: added to every offset that is given out, and the
	 *  base of the absolute offsets of QEMU's capability "mapped-ram". */
	uint64_t offset;
	hpt_qemu_length_fn *length;     /**< optional */
	hpt_qemu_progress_fn *progress; /**< optional */
	void *arg;                      /**< given to both */
};

/**
 * @brief Read a stream from a descriptor, beginning at its position.
 * @param fd a regular file, in which what is passed over is not read (or see #HPT_QEMU_MAP), or
 *        anything else, which is read forward only. The caller's: it must stay open until
 *        hpt_qemu_close(), and its position be left alone until then.
 * @param options NULL: no callbacks
 * @param out receives the reader
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_FORMAT: no "QEVM", or a version that is not 3; #HPT_ERR_TRUNCATED;
 *         #HPT_ERR_SYSTEM; #HPT_ERR_MEMORY; #HPT_ERR_ARGUMENT
 *
 * Threads: pure, but for the descriptor.
 */
HPT_API int hpt_qemu_open(int fd, const struct hpt_qemu_options *options,
			  struct hpt_qemu **out, struct hpt_error *err);

/**
 * @brief Read a stream in memory.
 * @param bytes the stream; must stay until hpt_qemu_close()
 * @param len its length
 * @param options NULL: no callbacks
 * @param out receives the reader
 * @param err see hpt/error.h
 * @return as hpt_qemu_open()
 *
 * Threads: pure, but for the allocation.
 */
HPT_API int hpt_qemu_open_memory(const void *bytes, size_t len,
				 const struct hpt_qemu_options *options,
				 struct hpt_qemu **out, struct hpt_error *err);

/**
 * @brief Read a stream from any source of bytes, forward only.
 * @param ops the source; must stay valid until hpt_qemu_close()
 * @param ctx given to @p ops
 * @param options NULL: no callbacks
 * @param out receives the reader
 * @param err see hpt/error.h
 * @return as hpt_qemu_open(), or what @p ops returned
 *
 * Threads: pure, but for the source.
 */
HPT_API int hpt_qemu_open_reader(const struct hpt_reader_ops *ops, void *ctx,
				 const struct hpt_qemu_options *options,
				 struct hpt_qemu **out, struct hpt_error *err);

/**
 * @brief Close a reader and the table that came of it.
 * @param q a reader, or NULL, which does nothing
 *
 * Threads: exclusive.
 */
HPT_API void hpt_qemu_close(struct hpt_qemu *q);

/**
 * @brief Read the next item, its payload included.
 * @param q the reader
 * @param item receives a pointer to it, valid until the reader's next call; NULL at the
 *        end of the input
 * @param err see hpt/error.h; hpt_error::offset is always set
 * @return 0; #HPT_ERR_TRUNCATED: the input ends inside the item; #HPT_ERR_FORMAT: bytes
 *         that cannot be (the text says what was expected); #HPT_ERR_SECTION_LENGTH: a
 *         section of device state whose length is not known; #HPT_ERR_STOPPED; those of
 *         hpt_decoder_next() and hpt_decoder_finish(), for chunks of the table, with
 *         hpt_error::ptex where one is meant; #HPT_ERR_ORDER: the table's order is not in
 *         18 to 46; #HPT_ERR_MEMORY; #HPT_ERR_SYSTEM; what the source returned. After an
 *         error the reader gives the same error again.
 *
 * A chunk beyond the end of the table is always an error. A guest that resizes its table
 * while it is being saved makes such chunks too, but the stream does not say the new size,
 * and the entries of the rounds before are then in the wrong slots.
 *
 * Threads: exclusive.
 */
HPT_API int hpt_qemu_next(struct hpt_qemu *q, const struct hpt_qemu_item **item,
			  struct hpt_error *err);

/** @brief How far hpt_qemu_read() is to read. */
enum hpt_qemu_until {
	HPT_QEMU_UNTIL_TABLE = 0, /**< the last round of "spapr/htab" */
	HPT_QEMU_UNTIL_MEMORY,    /**< and the last round of "ram" */
	HPT_QEMU_UNTIL_END,       /**< the end of the input */
};

/**
 * @brief Read items until the table is whole, or further.
 * @param q the reader
 * @param until how far; what was read already counts
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_TRUNCATED: the input ended before; as hpt_qemu_next(). It is no error
 *         that the stream (properly ended, or device state already) has no "spapr/htab":
 *         hpt_qemu_table() says so.
 *
 * Threads: exclusive.
 */
HPT_API int hpt_qemu_read(struct hpt_qemu *q, enum hpt_qemu_until until,
			  struct hpt_error *err);

/**
 * @brief The table, as the rounds that were read so far left it.
 * @param q the reader
 * @param out receives the handle; it belongs to the reader and ends with it
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_NO_HPT: the stream says that the guest has no hashed page table (it
 *         uses radix, or had not chosen when it was saved), or has no section
 *         "spapr/htab" (the text says which); #HPT_ERR_ARGUMENT: the first round was not
 *         read yet
 *
 * It holds entries in memory that follows what is valid, with a view; const calls may run
 * concurrently. Reading on changes it; should a later round give another size, which makes a
 * new table, the handle stays valid as it was: ask again. Threads: exclusive.
 */
HPT_API int hpt_qemu_table(struct hpt_qemu *q, struct hpt_table **out,
			   struct hpt_error *err);

/** @brief What a stream says of the guest's table. */
enum hpt_qemu_htab {
	HPT_QEMU_HTAB_ABSENT = 0, /**< no section "spapr/htab" so far */
	HPT_QEMU_HTAB_NONE,       /**< "no hashed page table" */
	HPT_QEMU_HTAB_READING,    /**< begun, its last round not read yet */
	HPT_QEMU_HTAB_WHOLE,      /**< read to its last round */
};

/** @brief What was read so far. */
struct hpt_qemu_info {
	size_t size;             /**< set by the caller: sizeof(struct hpt_qemu_info) */
	const char *machine;     /**< machine type, "" if none; ends with the reader */
	enum hpt_qemu_htab htab; /**< what is known of the table */
	uint32_t order;          /**< log2 of the table's bytes, 0 if there is none */
	uint32_t order_start;    /**< the same as the section's start said it */
	uint64_t htab_rounds;    /**< payloads of "spapr/htab" with chunks */
	uint64_t htab_chunks;    /**< chunks in them */
	uint64_t htab_valid;     /**< entries in them, all rounds */
	uint64_t ram_bytes;      /**< sum of all RAM blocks */
	uint64_t ram_rounds;     /**< payloads of "ram" */
	uint64_t ram_records;    /**< page records in them */
	uint32_t ram_blocks;     /**< number of RAM blocks */
	bool mapped_ram;         /**< capability "mapped-ram" */
	bool ignore_shared;      /**< capability "x-ignore-shared": shared blocks have no pages */
	bool ended;              /**< the end of the stream was read */
	uint64_t sections;       /**< START to FULL items */
	uint64_t bytes;          /**< offset up to which was read */
};

/**
 * @brief What was read so far.
 * @param q the reader
 * @param info its size is set by the caller
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: the size is smaller than the first release's
 *
 * Threads: const.
 */
HPT_API int hpt_qemu_info(const struct hpt_qemu *q, struct hpt_qemu_info *info,
			  struct hpt_error *err);

/**
 * @brief Something that was odd in the stream but did not stop it.
 * @param q the reader
 * @param i number of the remark, from 0
 * @return one line, which ends with the reader; NULL when there are no more
 *
 * Threads: const.
 */
HPT_API const char *hpt_qemu_warning(const struct hpt_qemu *q, size_t i);

/** @brief One block of RAM. */
struct hpt_qemu_block {
	size_t size;         /**< set by the caller: sizeof(struct hpt_qemu_block) */
	const char *name;    /**< such as "ppc_spapr.ram"; ends with the reader; untrusted */
	uint64_t length;     /**< in bytes */
	uint64_t page_size;  /**< the backing's page size where the stream says it, else 0 */
	uint64_t mr_address; /**< address in its region; UINT64_MAX: the stream is silent */
	uint64_t runs;       /**< runs of pages that are remembered */
};

/**
 * @brief A block of RAM.
 * @param q the reader
 * @param i number of the block, in the order of the stream
 * @param block its size is set by the caller
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: no such block, or the size is too small
 *
 * Threads: const.
 */
HPT_API int hpt_qemu_block(const struct hpt_qemu *q, size_t i,
			   struct hpt_qemu_block *block, struct hpt_error *err);

/** Bytes of a page in the stream: QEMU's target page on ppc, whatever the guest uses. */
#define HPT_QEMU_PAGE 4096

/** @brief How a record gives a page. */
enum hpt_qemu_record {
	HPT_QEMU_FILL = 0, /**< every byte is hpt_qemu_page::fill; no bytes in the file */
	HPT_QEMU_RAW,      /**< 4,096 bytes in the file */
	HPT_QEMU_XBZRLE,   /**< a delta to what the page was before */
	HPT_QEMU_ZLIB,     /**< a zlib stream that inflates to 4,096 bytes */
};

/** @brief One record of one page. */
struct hpt_qemu_page {
	enum hpt_qemu_record record; /**< what it is */
	uint32_t length;             /**< its bytes in the file */
	uint64_t offset;             /**< of these bytes */
	uint8_t fill;                /**< of #HPT_QEMU_FILL */
};

/**
 * @brief Where a page is: the records to apply, oldest first.
 * @param q the reader, read as far as is wanted
 * @param block number of the RAM block
 * @param page number of the page in it, in units of #HPT_QEMU_PAGE
 * @param out receives up to @p max records: one that gives the page whole, then deltas. A
 *        page that the stream never mentions is #HPT_QEMU_FILL with 0.
 * @param max room at @p out
 * @param n receives the number of records, which may be more than @p max: then none was
 *        put out
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: no such block; #HPT_ERR_RANGE: no such page (with
 *         hpt_error::address, bytes in the block); #HPT_ERR_FORMAT: a delta without
 *         anything before it; #HPT_ERR_UNSUPPORTED: the page is not in this file (a
 *         shared block)
 *
 * Threads: const.
 */
HPT_API int hpt_qemu_page(const struct hpt_qemu *q, size_t block, uint64_t page,
			  struct hpt_qemu_page *out, size_t max, size_t *n,
			  struct hpt_error *err);

/**
 * @brief Bytes of the input, if it is mapped or in memory.
 * @param q the reader
 * @param offset as in the items and records
 * @param len number of bytes
 * @return a pointer into the input, valid until hpt_qemu_close(); NULL when the input is
 *         read forward only or ends before
 *
 * Threads: const.
 */
HPT_API const void *hpt_qemu_view(const struct hpt_qemu *q, uint64_t offset, size_t len);

/**
 * @brief All that is left of the input, from the current item on.
 * @param q the reader
 * @param limit most bytes to take into memory when the input is read forward only
 * @param bytes receives a pointer, valid until the reader's next call
 * @param len receives their number
 * @param offset receives the offset of the first of them
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_SECTION_LENGTH: more than @p limit is left; #HPT_ERR_MEMORY;
 *         #HPT_ERR_SYSTEM; what the source returned
 *
 * Nothing is used up: reading goes on as if it had not been called. For
 * hpt_qemu_options::length, which looks for the description there. Threads: exclusive.
 */
HPT_API int hpt_qemu_rest(struct hpt_qemu *q, size_t limit, const void **bytes,
			  size_t *len, uint64_t *offset, struct hpt_error *err);

HPT_END_DECLS

#endif /* HPT_QEMU_H */
