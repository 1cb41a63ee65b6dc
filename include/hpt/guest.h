/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_GUEST_H
#define HPT_GUEST_H

/**
 * @file hpt/guest.h
 * @brief libhpt-guest: a saved guest, a captured stream or an image, as people have them.
 *
 * Opens a path or descriptor, finds out what it is by looking, decompresses it where it
 * must (gzip, xz, zstd, bzip2, ... through libarchive), and gives the table in it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hpt/error.h>
#include <hpt/stream.h>
#include <hpt/table.h>

HPT_BEGIN_DECLS

/** @brief An open source. Opaque. */
struct hpt_guest;

/** @brief What a source is. */
enum hpt_source_kind {
	HPT_SOURCE_DETECT = 0, /**< in options: find out by looking */
	HPT_SOURCE_QEMU,       /**< "qemu": QEMU's migration stream */
	HPT_SOURCE_STREAM,     /**< "kvm-stream": a captured HTAB stream, any dialect */
	HPT_SOURCE_IMAGE,      /**< "image": a flat table, 2^order bytes, classic form */
};

/**
 * @brief The name of a kind.
 * @param kind one of enum #hpt_source_kind
 * @return "qemu", "kvm-stream", "image"; NULL for other values. Static.
 *
 * Threads: pure.
 */
HPT_API const char *hpt_source_kind_name(enum hpt_source_kind kind);

/**
 * @brief Told now and then how far opening has come.
 * @param arg hpt_guest_options::arg
 * @param done bytes of the file read
 * @param total bytes of the file, or 0: not known
 * @return 0 to go on; anything else ends with #HPT_ERR_STOPPED
 */
typedef int hpt_guest_progress_fn(void *arg, uint64_t done, uint64_t total);

/** @name Bits of hpt_guest_options::flags
 * @{ */
/** Read a saved guest to its end, device state included, even where that must be taken
 *  into memory first (a pipe, a compressed file): for hpt_guest_info::vcpus. Without it a
 *  source that can only be read forward is read until the table is whole. */
#define HPT_GUEST_WHOLE 1u
/** A captured stream whose order cannot be told: take the smallest order that holds it, and
 *  say so in a warning, instead of failing with #HPT_ERR_ORDER. */
#define HPT_GUEST_GUESS_ORDER 2u
/** @} */

/** @brief How to open a source. */
struct hpt_guest_options {
	size_t size;                     /**< sizeof(struct hpt_guest_options) */
	enum hpt_source_kind kind;       /**< what it is, if known */
	enum hpt_dialect dialect;        /**< of a captured stream, if known */
	uint32_t order;                  /**< log2 of the table's bytes; 0: find out */
	uint32_t flags;                  /**< HPT_GUEST_* */
	hpt_guest_progress_fn *progress; /**< optional */
	void *arg;                       /**< given to hpt_guest_options::progress */
};

/**
 * @brief Open a source by path.
 * @param path the file
 * @param options NULL: find everything out
 * @param out receives the handle
 * @param err see hpt/error.h; the text begins with the path
 * @return 0; #HPT_ERR_SYSTEM: it cannot be opened or read; #HPT_ERR_FORMAT: it is none of
 *         the known kinds (the text says what was looked for); #HPT_ERR_ORDER: a stream
 *         whose order cannot be told, or an image whose size is no power of two;
 *         #HPT_ERR_UNSUPPORTED: compressed, in a build without libarchive, or a container
 *         that is known by name only (libvirt, qcow2, ELF, kdump); #HPT_ERR_TRUNCATED:
 *         compressed, and cut; #HPT_ERR_STOPPED; #HPT_ERR_MEMORY; #HPT_ERR_ARGUMENT; those of
 *         hpt_capture_open() and hpt_qemu_next(). A guest without a table is not an error
 *         here: hpt_guest_table() says so.
 *
 * Threads: pure, but for the file.
 */
HPT_API int hpt_guest_open(const char *path, const struct hpt_guest_options *options,
			   struct hpt_guest **out, struct hpt_error *err);

/**
 * @brief Open a source by descriptor, from its position.
 * @param fd a file, pipe or socket; the caller's, and must stay open until
 *        hpt_guest_close()
 * @param name what to call it in errors, such as "standard input"
 * @param options NULL: find everything out
 * @param out receives the handle
 * @param err see hpt/error.h
 * @return as hpt_guest_open()
 *
 * Threads: pure, but for the descriptor.
 */
HPT_API int hpt_guest_open_fd(int fd, const char *name,
			      const struct hpt_guest_options *options,
			      struct hpt_guest **out, struct hpt_error *err);

/**
 * @brief Close a source and the table that came of it.
 * @param guest a handle, or NULL, which does nothing
 *
 * Threads: exclusive.
 */
HPT_API void hpt_guest_close(struct hpt_guest *guest);

/**
 * @brief The source's table.
 * @param guest a handle
 * @param out receives the table; it belongs to the source and ends with it
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_NO_HPT: the guest has no hashed page table, or none that its
 *         hypervisor holds (the text says why)
 *
 * Threads: exclusive.
 */
HPT_API int hpt_guest_table(struct hpt_guest *guest, struct hpt_table **out,
			    struct hpt_error *err);

/**
 * @brief Apply another captured pass on top of a captured stream.
 * @param guest a handle of kind #HPT_SOURCE_STREAM
 * @param path the file with the pass, compressed or not; same dialect, same order
 * @param err see hpt/error.h; the text begins with the path
 * @return 0; #HPT_ERR_ARGUMENT: the source is no captured stream; #HPT_ERR_SYSTEM; those
 *         of hpt_capture_apply(). On failure the table is as it was.
 *
 * Threads: exclusive.
 */
HPT_API int hpt_guest_apply(struct hpt_guest *guest, const char *path,
			    struct hpt_error *err);

/** @brief How a guest translates, as far as its source says. */
enum hpt_guest_mmu {
	HPT_GUEST_MMU_UNKNOWN = 0, /**< the source does not say */
	HPT_GUEST_MMU_HASH,        /**< hashed page table, held by the hypervisor */
	HPT_GUEST_MMU_RADIX,       /**< radix tree, or a guest that had not chosen yet */
	HPT_GUEST_MMU_OWN,         /**< a bare machine: its tables are in its own memory */
};

/** Value of hpt_guest_info::vcpus when it is not known. */
#define HPT_GUEST_VCPUS_UNKNOWN UINT32_MAX

/** @brief What is known of a source. */
struct hpt_guest_info {
	size_t size;                /**< set by the caller: sizeof(struct hpt_guest_info) */
	enum hpt_source_kind kind;  /**< what it is */
	const char *compression;    /**< "gzip", "xz", ..., or ""; ends with the handle */
	const char *machine;        /**< QEMU machine type, or ""; ends with the handle */
	const char *run_state;      /**< "running", "paused", ..., or "" when not known */
	enum hpt_guest_mmu mmu;     /**< how it translates */
	uint32_t order;             /**< log2 of the table's bytes, 0: no table */
	bool order_found;           /**< told by the source, not by the options */
	bool order_guessed;         /**< by #HPT_GUEST_GUESS_ORDER */
	enum hpt_dialect dialect;   /**< of a captured stream, else 0 */
	uint32_t vcpus;             /**< number, or #HPT_GUEST_VCPUS_UNKNOWN */
	uint32_t ram_blocks;        /**< number; see hpt_guest_block() */
	uint64_t ram_bytes;         /**< sum of all blocks */
	uint64_t rounds;            /**< passes or rounds that made the table */
	uint64_t chunks;            /**< chunks in them */
	uint64_t file_bytes;        /**< of the file as it lies on disk, 0: not known */
};

/**
 * @brief What is known of a source.
 * @param guest a handle
 * @param info its size is set by the caller
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: the size is smaller than the first release's
 *
 * Threads: const.
 */
HPT_API int hpt_guest_info(const struct hpt_guest *guest, struct hpt_guest_info *info,
			   struct hpt_error *err);

/** @brief One block of a saved guest's RAM. */
struct hpt_guest_block {
	size_t size;      /**< set by the caller: sizeof(struct hpt_guest_block) */
	const char *name; /**< QEMU's name; untrusted bytes; ends with the handle */
	uint64_t length;  /**< in bytes */
};

/**
 * @brief A block of RAM.
 * @param guest a handle
 * @param i number of the block, from 0
 * @param block its size is set by the caller
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: no such block, or the size is too small
 *
 * Threads: const.
 */
HPT_API int hpt_guest_block(const struct hpt_guest *guest, size_t i,
			    struct hpt_guest_block *block, struct hpt_error *err);

/**
 * @brief Something that was odd in the source but did not stop it.
 * @param guest a handle
 * @param i number of the remark, from 0
 * @return one line, which ends with the handle; NULL when there are no more
 *
 * Threads: const.
 */
HPT_API const char *hpt_guest_warning(const struct hpt_guest *guest, size_t i);

/**
 * @brief What this build of libhpt-guest can do, for `--version`.
 * @param i number of the line, from 0
 * @return one line such as "compressed files: libarchive 3.6.2" or "compressed files: no
 *         (built without libarchive)"; static; NULL when there are no more
 *
 * Threads: pure.
 */
HPT_API const char *hpt_guest_feature(size_t i);

HPT_END_DECLS

#endif /* HPT_GUEST_H */
