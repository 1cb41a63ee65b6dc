/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_GUEST_H
#define HPT_GUEST_H

/**
 * @file hpt/guest.h
 * @brief libhpt-guest: a saved guest, a captured stream or an image, as people have them.
 *
 * Opens a path or descriptor, finds out what it is by looking, decompresses it where it
 * must (gzip, xz, zstd, bzip2, ... through libarchive; lzop), and gives the table in it; of a
 * saved guest its vCPUs and its memory, too. A saved guest may be in a save image of libvirt
 * or in a snapshot of a qcow2 disk image: see doc/containers.md.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hpt/error.h>
#include <hpt/memory.h>
#include <hpt/mmu.h>
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
	HPT_SOURCE_LISTING,    /**< "kvm-debugfs": KVM's own listing, see hpt/debugfs.h */
	HPT_SOURCE_CORE,       /**< "core": an ELF core, see hpt/core.h */
	HPT_SOURCE_KDUMP,      /**< "kdump": a guest's memory, as makedumpfile compresses it */
};

/**
 * @brief The name of a kind.
 * @param kind one of enum #hpt_source_kind
 * @return "qemu", "kvm-stream", "image", "kvm-debugfs", "core", "kdump"; NULL for other values. Static.
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
/** Keep a saved guest's memory within reach even where the source can only be read forward (a
 *  pipe, a compressed file): its bytes go to a temporary file without a name, which is gone
 *  when the handle is closed. Implies #HPT_GUEST_WHOLE. A plain file needs no such flag; a
 *  bare machine, whose table lies in its memory, is kept so unasked. */
#define HPT_GUEST_MEMORY 4u
/** The host's doublewords in a listing are in the classic form: #HPT_DEBUGFS_CLASSIC. */
#define HPT_GUEST_CLASSIC 8u
/** They are in the ISA 3.0 form: #HPT_DEBUGFS_V3. */
#define HPT_GUEST_V3 16u
/** Map a plain file, a saved guest or an image, instead of reading it: as #HPT_QEMU_MAP, for
 *  files that nobody changes meanwhile. Views of memory and of an image's table come with it. */
#define HPT_GUEST_MAP 32u
/** A disk image of which hpt_guest_options::snapshot says no snapshot opens all the same when
 *  there are several, or none with a guest: the handle then has a list of them, see
 *  hpt_guest_snapshot(), and no table. */
#define HPT_GUEST_LIST 64u
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
	uint32_t passes;                 /**< as hpt_capture_options::passes, of a stream */
	uint32_t reserved;               /**< 0 */
	/** Of a qcow2 disk image: the name, or else the id, of an internal snapshot; NULL: the
	 *  only one that has a guest's state. It may end when the source is open. */
	const char *snapshot;
};

/**
 * @brief Open a source by path.
 * @param path the file; where there is none of that name, "disk#NAME" is the snapshot NAME in
 *        the qcow2 image "disk"
 * @param options NULL: find everything out
 * @param out receives the handle
 * @param err see hpt/error.h; the text begins with the path
 * @return 0; #HPT_ERR_SYSTEM: it cannot be opened or read; #HPT_ERR_FORMAT: it is none of
 *         the known kinds (the text says what was looked for); #HPT_ERR_ORDER: a stream
 *         whose order cannot be told, or an image whose size is no power of two;
 *         #HPT_ERR_UNSUPPORTED: compressed, in a build without libarchive, an ELF core of
 *         another machine, or one in a build without libelf, or a disk image that is encrypted, that keeps the guest's
 *         state in another file, or that has no guest; #HPT_ERR_TRUNCATED: compressed, and
 *         cut, or an image of libvirt's that was never finished; #HPT_ERR_STOPPED;
 *         #HPT_ERR_MEMORY; #HPT_ERR_ARGUMENT; those of
 *         hpt_capture_open(), hpt_debugfs_open() and hpt_qemu_next(). A guest without a table is not an error
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
 * @return 0; #HPT_ERR_NO_HPT: the guest has no hashed page table, or a bare machine's, which
 *         is in its own memory, cannot be looked for (the text says why); what else
 *         hpt_guest_cpu() of vCPU 0, hpt_guest_memory() and hpt_find_table() return of a bare
 *         machine
 *
 * The table of an image in a plain file is read from the file each time (and so may fail with
 * #HPT_ERR_TRUNCATED, #HPT_ERR_SYSTEM and #HPT_ERR_MEMORY); #HPT_GUEST_MAP maps it.
 *
 * Of a bare machine it is the table of vCPU 0, found by SDR1 or PTCR, and reading it reads the
 * guest's memory. Threads: exclusive.
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
	bool order_guessed;         /**< by #HPT_GUEST_GUESS_ORDER; of a listing whose order
				     *   the options did not say: the table has at least this */
	enum hpt_dialect dialect;   /**< of a captured stream, else 0 */
	uint32_t vcpus;             /**< number, or #HPT_GUEST_VCPUS_UNKNOWN */
	uint32_t ram_blocks;        /**< number; see hpt_guest_block() */
	uint64_t ram_bytes;         /**< sum of all blocks */
	uint64_t rounds;            /**< passes or rounds that made the table */
	uint64_t chunks;            /**< chunks in them */
	uint64_t file_bytes;        /**< of the file as it lies on disk, 0: not known */
	const char *container;      /**< what a saved guest came in: "libvirt", "qcow2",
				     *   or "" */
	const char *container_details; /**< more of it, for people; ends with the handle */
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

/**
 * @brief The domain's XML, as libvirt put it in front of a guest that it saved.
 * @param guest a handle
 * @param xml receives the text, ended by a NUL; untrusted bytes; it ends with the handle
 * @param len receives its length without the NUL, at least 1
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_UNSUPPORTED: the source has none; #HPT_ERR_ARGUMENT
 *
 * Threads: const. Source: libvirt, formatdomain and "virsh save-image-dumpxml".
 */
HPT_API int hpt_guest_xml(const struct hpt_guest *guest, const char **xml, size_t *len,
			  struct hpt_error *err);

/** @brief An internal snapshot of a qcow2 disk image. */
struct hpt_guest_snapshot {
	size_t size;          /**< set by the caller: sizeof(struct hpt_guest_snapshot) */
	const char *id;       /**< QEMU's number of it; untrusted bytes; ends with the handle */
	const char *name;     /**< its name; likewise */
	uint32_t date_sec;    /**< when it was made: seconds since 1970 */
	uint32_t date_nsec;   /**< and nanoseconds */
	uint64_t clock_nsec;  /**< how long the guest had run */
	uint64_t state_bytes; /**< of the guest's state; 0: of the disk only */
	bool opened;          /**< the handle's guest is this one */
};

/**
 * @brief A snapshot in the disk image that the guest came in.
 * @param guest a handle
 * @param i number of the snapshot, from 0
 * @param snapshot its size is set by the caller
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: no such snapshot, no disk image, or the size is too small
 *
 * Threads: const. Source: QEMU docs/interop/qcow2.txt.
 */
HPT_API int hpt_guest_snapshot(const struct hpt_guest *guest, size_t i,
			       struct hpt_guest_snapshot *snapshot, struct hpt_error *err);

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

/** @brief Where a guest's RAM lies among its real addresses: one run of a block. */
struct hpt_guest_region {
	size_t size;     /**< set by the caller: sizeof(struct hpt_guest_region) */
	uint64_t ra;     /**< real address of its first byte */
	uint64_t length; /**< in bytes */
	uint64_t offset; /**< of its first byte in the block */
	size_t block;    /**< number of the block; see hpt_guest_block() */
};

/**
 * @brief A region of RAM.
 * @param guest a handle
 * @param i number of the region, from 0, in ascending order of address
 * @param region its size is set by the caller
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: no such region, or the size is too small
 *
 * QEMU's file does not say where a block lies. That comes from the memory nodes of the
 * guest's device tree where the file has it, else from libvirt's domain XML, else from the
 * addresses that a file with "x-ignore-shared" has; and else the largest block is taken to begin at 0, as on every
 * machine with a single one. Threads: const.
 */
HPT_API int hpt_guest_region(const struct hpt_guest *guest, size_t i,
			     struct hpt_guest_region *region, struct hpt_error *err);

/** @name Bits of hpt_guest_machine::has
 * @{ */
/** The file has the device tree; hpt_guest_machine::tree. */
#define HPT_GUEST_HAS_TREE 1u
/** The guest registered a process table; hpt_guest_machine::process_table. */
#define HPT_GUEST_HAS_PROCESS_TABLE 2u
/** The page sizes are those of the device tree, not of the processor in general. */
#define HPT_GUEST_HAS_PAGE_SIZES 4u
/** @} */

/** @brief What a saved guest's machine says of memory management. */
struct hpt_guest_machine {
	size_t size;  /**< set by the caller: sizeof(struct hpt_guest_machine) */
	uint32_t has; /**< HPT_GUEST_HAS_* */
	/** log2 of the largest page that its hypervisor allows it; 0: the file is silent. */
	uint32_t max_page_shift;
	/** log2 of the table's bytes by the device tree, as it was at boot; 0: not said. */
	uint32_t boot_order;
	/** The process table as it was registered: highest bit radix; else VSID << 25, L and LP
	 *  << 5, log2 of its bytes less 12. Source: PAPR, H_REGISTER_PROCESS_TABLE. */
	uint64_t process_table;
	/** The flattened device tree, checked to be one; ends with the handle. Its content is
	 *  the guest's word: not to be trusted. */
	const void *tree;
	size_t tree_len; /**< its bytes */
};

/**
 * @brief What a saved guest's machine says of memory management.
 * @param guest a handle
 * @param machine its size is set by the caller
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: the source is no saved guest, or the size is too small;
 *         #HPT_ERR_UNSUPPORTED, #HPT_ERR_SECTION_LENGTH: as hpt_guest_vcpu()
 *
 * Threads: const.
 */
HPT_API int hpt_guest_machine(const struct hpt_guest *guest,
			      struct hpt_guest_machine *machine, struct hpt_error *err);

/**
 * @brief What pages and segments a guest's processor knows.
 * @param guest a handle
 * @return never NULL; ends with the handle. Of a saved guest: from its device tree, else from
 *         vCPU 0's PVR, less what its hypervisor does not allow it. Else, or when neither is
 *         known: POWER8's.
 *
 * Threads: const.
 */
HPT_API const struct hpt_page_sizes *hpt_guest_page_sizes(const struct hpt_guest *guest);

/** @name Bits of hpt_guest_vcpu::has
 * @{ */
#define HPT_VCPU_HAS_FPU 1u     /**< fpr and fpscr mean something */
#define HPT_VCPU_HAS_ALTIVEC 2u /**< vr and vscr do */
#define HPT_VCPU_HAS_VSX 4u     /**< vsx_low does */
#define HPT_VCPU_HAS_SLB 8u     /**< slb does */
#define HPT_VCPU_HAS_SR 16u     /**< sr does: a 32-bit MMU */
#define HPT_VCPU_HAS_SHADOW 32u /**< slb_shadow_ra and slb_shadow_bytes do */
/** @} */

/** @brief One 128-bit register. */
struct hpt_vector {
	uint64_t high; /**< its most significant half */
	uint64_t low;  /**< the other */
};

/** @brief A vCPU's registers, host byte order; those that the file does not have are 0. */
struct hpt_guest_vcpu {
	size_t size;     /**< set by the caller: sizeof(struct hpt_guest_vcpu) */
	uint32_t id;     /**< QEMU's number of it ("cpu_index"), which may have gaps */
	uint32_t has;    /**< HPT_VCPU_HAS_* */
	bool halted;     /**< it waited for an interrupt, or had not been started */
	bool built_in;   /**< by a layout that is built in: the file has no description */
	uint64_t gpr[32];   /**< general purpose registers */
	uint64_t nip;       /**< address of the next instruction */
	uint64_t msr;       /**< machine state register */
	uint64_t lr;        /**< link register */
	uint64_t ctr;       /**< count register */
	uint64_t xer;       /**< fixed point exception register */
	uint32_t cr;        /**< condition register, field 0 highest */
	uint32_t vscr;      /**< vector status */
	uint64_t fpscr;     /**< floating point status */
	uint64_t fpr[32];   /**< floating point: the high halves of VSR 0 to 31 */
	uint64_t vsx_low[32];     /**< the low halves of VSR 0 to 31 */
	/** Vectors: VSR 32 to 63. The file does not say which of their halves came first, which
	 *  depends on the byte order of QEMU's host: it is taken to be little-endian. */
	struct hpt_vector vr[32];
	/** The SLB by slot, as slbmte takes its words; slots without V as they were left. */
	struct hpt_slb_entry slb[HPT_SLB_MAX];
	uint32_t sr[16];           /**< segment registers of a 32-bit MMU */
	uint32_t compat_pvr;       /**< logical PVR of its compatibility mode, 0: none */
	uint32_t reserved;         /**< 0 */
	uint64_t slb_shadow_ra;    /**< real address of the SLB shadow buffer, 0: none */
	uint64_t slb_shadow_bytes; /**< its length */
	/** Special purpose registers by number, as QEMU keeps them: what it computes when it is
	 *  read (timers) is not there, and those that a processor does not have are 0. */
	uint64_t spr[1024];
};

/**
 * @brief A vCPU's registers.
 * @param guest a handle
 * @param i number of the vCPU, from 0 to hpt_guest_info::vcpus less 1, in ascending order of
 *        hpt_guest_vcpu::id
 * @param vcpu its size is set by the caller
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: the source is no saved guest, no such vCPU, or the size is
 *         too small; #HPT_ERR_UNSUPPORTED: device state was not read, since the source can
 *         only be read forward and was opened without #HPT_GUEST_WHOLE; #HPT_ERR_SECTION_LENGTH:
 *         it could not be read (the text says why); #HPT_ERR_FORMAT: this vCPU's section is
 *         not understood
 *
 * By QEMU's own description in the file; without one, or in a build without jansson, by the
 * layouts of QEMU 2.9 to 10.0, which are built in. Threads: const.
 */
HPT_API int hpt_guest_vcpu(const struct hpt_guest *guest, size_t i,
			   struct hpt_guest_vcpu *vcpu, struct hpt_error *err);

/**
 * @brief A vCPU as hpt_translate() takes it.
 * @param guest a handle
 * @param i number of the vCPU
 * @param cpu its size is set by the caller; all else is written. hpt_cpu::sizes ends with the
 *        handle
 * @param err see hpt/error.h
 * @return as hpt_guest_vcpu(); #HPT_ERR_UNSUPPORTED also for a processor (by PVR) that is not
 *         known, or whose MMU has 32 bits
 *
 * The platform is a PAPR guest's where the machine is QEMU's pseries; else a bare machine's,
 * for a 970 one without hypervisor state. Of LPCR the bits HR and UPRT are set by what the
 * guest registered, since the register itself may be stale. On a bare machine from ISA 3.0
 * on, hpt_cpu::pate0 is read from the guest's memory, and stays 0 where that fails.
 * Threads: const.
 */
HPT_API int hpt_guest_cpu(const struct hpt_guest *guest, size_t i, struct hpt_cpu *cpu,
			  struct hpt_error *err);

/**
 * @brief A saved guest's memory, for whoever reads memory through operations.
 * @param guest a handle
 * @param ops receives the operations: read, and a view of pages of zeros and, in a file
 *        that is mapped (#HPT_GUEST_MAP), of what lies in it as it is; static
 * @param ctx receives what to give them; it ends with the handle
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: the source is no saved guest; #HPT_ERR_UNSUPPORTED: the source
 *         can only be read forward and was opened without #HPT_GUEST_MEMORY;
 *         #HPT_ERR_RANGE: where its RAM lies is not known
 *
 * They may be called concurrently, and return what hpt_guest_read() returns. Threads: const.
 */
HPT_API int hpt_guest_memory(const struct hpt_guest *guest,
			     const struct hpt_memory_ops **ops, void **ctx,
			     struct hpt_error *err);

/**
 * @brief Read a saved guest's memory by real address.
 * @param guest a handle
 * @param ra real address of the first byte
 * @param len number of bytes; they may lie in several blocks; 0 does nothing
 * @param bytes receives them
 * @param err see hpt/error.h; hpt_error::address is the real address that failed
 * @return 0; as hpt_guest_memory(); #HPT_ERR_RANGE: there is no RAM at an address;
 *         #HPT_ERR_FORMAT: a page's delta or compressed bytes make no sense
 *         (hpt_error::offset says where they lie); #HPT_ERR_UNSUPPORTED: the page is not in
 *         the file, or it is compressed and this build has no zlib; #HPT_ERR_TRUNCATED: the
 *         file was shortened since it was opened (hpt_error::offset says to where);
 *         #HPT_ERR_SYSTEM; #HPT_ERR_MEMORY
 *
 * More than a page goes through the heap, for nothing is put out before all is read.
 * Threads: const.
 */
HPT_API int hpt_guest_read(const struct hpt_guest *guest, uint64_t ra, size_t len,
			   void *bytes, struct hpt_error *err);

/**
 * @brief Read a saved guest's memory by effective address: a debugger's look.
 * @param guest a handle
 * @param vcpu number of the vCPU whose segments count, and whether it translates at all
 * @param ea effective address of the first byte
 * @param len number of bytes; they may lie in several pages; 0 does nothing
 * @param bytes receives them
 * @param err see hpt/error.h; hpt_error::address is the effective address that failed
 * @return 0; as hpt_guest_table(), hpt_guest_cpu(), hpt_translate() and hpt_guest_read();
 *         #HPT_ERR_RANGE: an address is not mapped (the text names the outcome), or the range
 *         leads beyond 2^64
 *
 * Translated with #HPT_XLATE_DEBUG: no protection is in the way, and nothing is changed.
 * Threads: exclusive.
 */
HPT_API int hpt_guest_read_ea(struct hpt_guest *guest, size_t vcpu, uint64_t ea, size_t len,
			      void *bytes, struct hpt_error *err);

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
