/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_CORE_H
#define HPT_CORE_H

/**
 * @file hpt/core.h
 * @brief libhpt-guest: a guest as an ELF core, which other debuggers open as well.
 *
 * gdb, crash and drgn read ELF cores of a guest's memory. hpt_guest_write_core() makes one of
 * any source that has memory, and puts into notes of its own what such a core lacks: segments,
 * special purpose registers, the hashed page table. hpt_guest_open() opens it again as what it
 * was made of. The layout is in doc/vmcore.md.
 */

#include <hpt/guest.h>

HPT_BEGIN_DECLS

/** @name Notes (whose name is "LIBHPT") and segments of ours in an ELF core; see doc/vmcore.md
 * @{ */
#define HPT_CORE_NOTE_VERSION 1u         /**< first word of #HPT_CORE_NOTE_GUEST */
#define HPT_CORE_NOTE_GUEST 0x48505401u  /**< type: machine, MMU, order of the table */
#define HPT_CORE_NOTE_VCPU 0x48505402u   /**< type: of one vCPU what NT_PRSTATUS lacks */
#define HPT_CORE_NOTE_BLOCK 0x48505403u  /**< type: one block of RAM */
#define HPT_CORE_NOTE_REGION 0x48505404u /**< type: which part of which block a PT_LOAD is */
#define HPT_CORE_NOTE_TREE 0x48505405u   /**< type: the flattened device tree */
#define HPT_CORE_NOTE_REMARK 0x48505406u /**< type: one line of hpt_guest_warning() */
#define HPT_CORE_PT_TABLE 0x60485054u /**< type of the program header of the table's image */
/** @} */

/** @brief Where a core goes: bytes one after the other, from the first to the last. */
struct hpt_writer_ops {
	/** sizeof(struct hpt_writer_ops), as the author knew it. */
	size_t size;
	/** Take @p len bytes. Returns 0 or a code, with @p err (never NULL) filled. */
	int (*write)(void *ctx, const void *bytes, size_t len, struct hpt_error *err);
	/** Optional: @p len bytes follow that are zero; a file may have a hole there. Without
	 *  it they are written. */
	int (*skip)(void *ctx, uint64_t len, struct hpt_error *err);
};

/** @brief Addresses that are to be in a core besides the real ones: a process's, say. */
struct hpt_core_mapping {
	uint64_t ea;     /**< effective address of the first byte */
	uint64_t ra;     /**< its real address */
	uint64_t length; /**< in bytes */
};

/** @name Bits of hpt_core_options::flags
 * @{ */
/** No ELF: memory as it is, byte n being the byte at real address n, zeros where there is
 *  no RAM. It needs no libelf. */
#define HPT_CORE_RAW 1u
/** @} */

/** @brief How to write a core. */
struct hpt_core_options {
	size_t size;       /**< sizeof(struct hpt_core_options) */
	uint32_t flags;    /**< HPT_CORE_* */
	uint32_t reserved; /**< 0 */
	/** Effective address of real address 0 in the guest's linear mapping
	 *  (0xc000000000000000 for Linux): p_vaddr of RAM. 0: the real address itself. */
	uint64_t linear_ea;
	const struct hpt_core_mapping *mappings; /**< extra PT_LOADs, in this order */
	size_t n_mappings;                       /**< their number */
	hpt_guest_progress_fn *progress;         /**< optional; told bytes of RAM */
	void *arg;                               /**< given to @p progress */
};

/**
 * @brief Write a guest as an ELF64 core, in the guest's byte order.
 * @param guest a handle, opened so that hpt_guest_memory() works
 * @param options NULL: none of them
 * @param ops where to; nothing is written twice, so that it may be a pipe
 * @param ctx given to @p ops
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: a NULL, an unknown flag, a mapping that wraps;
 *         #HPT_ERR_UNSUPPORTED: a build without libelf, and what hpt_guest_memory() says;
 *         #HPT_ERR_RANGE: as hpt_guest_memory(); #HPT_ERR_STOPPED; #HPT_ERR_MEMORY; what
 *         hpt_guest_read(), hpt_table_each() and @p ops return. Some of it may be written then
 *
 * In it are: a PT_LOAD for each region of RAM; of each vCPU NT_PRSTATUS, NT_PRFPREG,
 * NT_PPC_VMX, NT_PPC_VSX, NT_PPC_TAR, NT_PPC_PPR and NT_PPC_DSCR, as far as they are known;
 * VMCOREINFO, if hpt_guest_vmcoreinfo() finds it; our own notes; and the image of a table that is
 * not in RAM. Mappings share the bytes of the RAM that they name; what of them is no RAM is left
 * out. Memory needed follows the number of regions and mappings, not the RAM. A vCPU that is
 * not understood is left out.
 *
 * Sources: System V ABI, ELF-64; Linux 6.1 arch/powerpc/include/uapi/asm/{ptrace,elf}.h, include/
 * linux/elfcore.h. Threads: exclusive.
 */
HPT_API int hpt_guest_write_core(struct hpt_guest *guest,
				 const struct hpt_core_options *options,
				 const struct hpt_writer_ops *ops, void *ctx,
				 struct hpt_error *err);

/** @brief What a Linux kernel keeps for those who read its dump. */
struct hpt_vmcoreinfo {
	size_t size;        /**< set by the caller: sizeof(struct hpt_vmcoreinfo) */
	uint64_t ra;        /**< real address of the note */
	bool little_endian; /**< the kernel's byte order */
	size_t len;         /**< bytes of the text */
	/** Lines of KEY=VALUE, not terminated by a NUL; the guest's word; ends with the handle. */
	const char *text;
};

/**
 * @brief Look for a Linux kernel's VMCOREINFO note in a guest's memory.
 * @param guest a handle, opened so that hpt_guest_memory() works
 * @param out its size is set by the caller
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_FORMAT: there is none; #HPT_ERR_ARGUMENT; #HPT_ERR_MEMORY; as
 *         hpt_guest_read()
 *
 * All of memory is searched, the first time: 0.3 s for each GiB. The kernel keeps the note
 * ready from its boot on (Linux kernel/crash_core.c), as an ELF note: sizes, then the name,
 * then the text. Threads: exclusive.
 */
HPT_API int hpt_guest_vmcoreinfo(struct hpt_guest *guest, struct hpt_vmcoreinfo *out,
				 struct hpt_error *err);

HPT_END_DECLS

#endif /* HPT_CORE_H */
