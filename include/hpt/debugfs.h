/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_DEBUGFS_H
#define HPT_DEBUGFS_H

/**
 * @file hpt/debugfs.h
 * @brief KVM's own listing of a running guest's table, in debugfs, as a read-only table.
 *
 * A KVM-HV host lists the table of each hash guest in the file `htab` below
 * `/sys/kernel/debug/kvm/PID-FD/` (PID of the process that created the VM, FD the number of
 * the VM's descriptor there; before Linux 5.18 `/sys/kernel/debug/kvm/vmPID/`). Reading it
 * needs root, and is the only look at a running guest that takes nothing from anybody: the
 * HTAB descriptor of hpt/kvm.h clears the marks that a migration depends on. While the file
 * is open the kernel keeps the VM alive, and each entry is locked for a moment as it is
 * listed. A copy of the file is as good as the file, wherever it is.
 *
 * A line of the listing is a slot that is valid or absent: one that the guest has entered and
 * that has no page of the host behind it now. (A fork() of the process that runs the guest can
 * make all of them so for a while.) It has the index, doubleword 0 and 1 of the entry that
 * hardware searches, and the guest's doubleword 1, all hexadecimal:
 *
 *     2c 0000000123466803 00000000047cd016 00000000011ad016
 *
 * The table that these functions open is the *guest's* view: what the HTAB descriptor would
 * have given, classic form, its real addresses the guest's. hpt_debugfs_slot() has the
 * *host's* view of a slot: the host's frame, the protection that is in force, KVM's marks.
 *
 * Source: Linux arch/powerpc/kvm/book3s_64_mmu_hv.c, debugfs_htab_read().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hpt/error.h>
#include <hpt/hpte.h>
#include <hpt/stream.h>
#include <hpt/table.h>

HPT_BEGIN_DECLS

/** @name Bits of hpt_debugfs_options::flags
 * @{ */
/** The host's doublewords are in the classic form: its processor is a POWER8 or older. */
#define HPT_DEBUGFS_CLASSIC 1u
/** The host's doublewords are in the ISA 3.0 form: POWER9 and later. */
#define HPT_DEBUGFS_V3 2u
/** @} */

/** @brief How to open a listing. */
struct hpt_debugfs_options {
	size_t size;    /**< sizeof(struct hpt_debugfs_options) */
	uint32_t flags; /**< HPT_DEBUGFS_*; neither of the two: find out by looking */
	uint32_t order; /**< log2 of the table's bytes; 0: the least that holds the listing */
};

/**
 * @brief What is known of a listing.
 *
 * A listing does not say in which form its doublewords are. Only the classic form has bits
 * above 2^51 in doubleword 0, which on a POWER9 the kernel cuts off whatever the guest asked
 * for. Only the ISA 3.0 form has B, bits 2^58 and 2^59 of doubleword 1: in the classic form
 * they would be part of a real address of the host, which has none so high, or in an absent
 * slot they would be what the guest's doubleword 1 has there. One line of either kind tells
 * the form. Where no line does, every segment has 256 MiB and the guest's view is the same in
 * both: classic is taken, and hpt_debugfs_info::form_told is false.
 */
struct hpt_debugfs_info {
	size_t size;         /**< set by the caller: sizeof(struct hpt_debugfs_info) */
	enum hpt_form form;  /**< of the host's doublewords */
	bool form_told;      /**< by the options, or by what is listed */
	bool order_inferred; /**< no order was given: the table has at least this one */
	uint64_t bytes;      /**< of the listing */
	uint64_t listed;     /**< lines: slots that are valid for the guest */
	uint64_t absent;     /**< of these: no page of the host behind it */
	uint64_t mmio;       /**< of these: an access is the hypervisor's to emulate */
	uint64_t modified;   /**< of those listed: not yet given to a reader of the stream */
};

/**
 * @brief Open a listing from a descriptor: read it to its end.
 * @param fd a file, pipe or socket, read from its position; stays open, the caller's. The
 *        kernel's own file cannot be gone back in: it is read in one pass, and reading it
 *        again needs another open(2)
 * @param options NULL: find everything out
 * @param out receives the handle, backend "kvm-debugfs", read-only, #HPT_TABLE_CONCURRENT
 * @param err see hpt/error.h; the text names line, column (from 1) and offset, and
 *        hpt_error::offset counts from the first byte read
 * @return 0; #HPT_ERR_FORMAT: a byte that the kernel does not write there, an index that is
 *         not above the one before it, a slot that is neither valid nor absent;
 *         #HPT_ERR_TRUNCATED: it ends inside a line (an end between two lines cannot be
 *         told from the listing's own); #HPT_ERR_RANGE: an index beyond the order that was
 *         given, or beyond any table (hpt_error::ptex); #HPT_ERR_FORM: some lines can only be
 *         classic and some only ISA 3.0, or a line does not fit the form that was given;
 *         #HPT_ERR_ORDER: the order given is not in 18 to 46; #HPT_ERR_SYSTEM: read(2)
 *         failed; #HPT_ERR_MEMORY; #HPT_ERR_ARGUMENT
 *
 * An empty listing is a table in which nothing is valid: a guest that has entered nothing, or
 * one that uses radix. Memory follows the listing's length. The table holds what was read, and
 * does not follow the guest; entries of a running guest are of different moments. Threads:
 * pure, but for the descriptor.
 */
HPT_API int hpt_debugfs_open(int fd, const struct hpt_debugfs_options *options,
			     struct hpt_table **out, struct hpt_error *err);

/**
 * @brief Open a listing from memory: nothing of it is kept.
 * @param text the listing
 * @param len its bytes
 * @param options NULL: find everything out
 * @param out receives the handle
 * @param err see hpt/error.h
 * @return as hpt_debugfs_open()
 *
 * Threads: pure, but for the allocation.
 */
HPT_API int hpt_debugfs_open_memory(const void *text, size_t len,
				    const struct hpt_debugfs_options *options,
				    struct hpt_table **out, struct hpt_error *err);

/**
 * @brief Open a listing from any source of bytes.
 * @param ops the source; used during the call only
 * @param ctx given to @p ops
 * @param options NULL: find everything out
 * @param out receives the handle
 * @param err see hpt/error.h
 * @return as hpt_debugfs_open(), or what @p ops returned
 *
 * Threads: pure, but for the source.
 */
HPT_API int hpt_debugfs_open_reader(const struct hpt_reader_ops *ops, void *ctx,
				    const struct hpt_debugfs_options *options,
				    struct hpt_table **out, struct hpt_error *err);

/**
 * @brief Do these bytes begin as a listing does?
 * @param text the first bytes of a source; 64 are enough to be sure
 * @param len how many
 * @return true: they are its first line, or a beginning of it with a whole index
 *
 * Threads: pure.
 */
HPT_API bool hpt_debugfs_detect(const void *text, size_t len);

/**
 * @brief What is known of the listing behind a table.
 * @param table a handle of one of the functions above
 * @param info its size is set by the caller
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: the table is no listing, or the size is too small
 *
 * Threads: const, always concurrent.
 */
HPT_API int hpt_debugfs_info(const struct hpt_table *table, struct hpt_debugfs_info *info,
			     struct hpt_error *err);

/** @brief One slot as the host has it. */
struct hpt_debugfs_slot {
	size_t size; /**< set by the caller: sizeof(struct hpt_debugfs_slot) */
	/** Is it listed? If not, all that follows is 0. */
	bool listed;
	/** The guest has it, hardware does not: there is no page of the host behind it. */
	bool absent;
	/** Absent, with storage key 31: no memory of the guest is at that address, and an
	 *  access is the hypervisor's to emulate. */
	bool mmio;
	/** Changed since a reader of the HTAB stream was last given it. */
	bool modified;
	/** The two doublewords as listed, in the form hpt_debugfs_info::form. */
	struct hpt_entry real;
	/** The same in the classic form, #HPT_V_HYPERVISOR clear: the real page number is the
	 *  host's, pp, N and key are those in force, and V is clear where the slot is absent.
	 *  What is left of the real page number there means nothing. */
	struct hpt_entry host;
	/** The guest's doubleword 1 as listed, with KVM's "modified" (#HPT_R_SOFTWARE). */
	uint64_t guest_r;
};

/**
 * @brief One slot as the host has it.
 * @param table a handle of one of the functions above
 * @param ptex index of the slot
 * @param slot its size is set by the caller
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: the table is no listing, or the size is too small;
 *         #HPT_ERR_RANGE: the table has no such slot
 *
 * The cost is a search among the lines. Threads: const, always concurrent.
 */
HPT_API int hpt_debugfs_slot(const struct hpt_table *table, uint64_t ptex,
			     struct hpt_debugfs_slot *slot, struct hpt_error *err);

HPT_END_DECLS

#endif /* HPT_DEBUGFS_H */
