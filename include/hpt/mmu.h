/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_MMU_H
#define HPT_MMU_H

/**
 * @file hpt/mmu.h
 * @brief The MMU in software: an effective address in, a real address out, or why not.
 *
 * hpt_translate() goes the way of the hardware: segment (SLB, or one of the forms of real
 * mode), hash, primary and secondary group, page size, protection. A fault is an answer:
 * the function returns 0 and the outcome says what the CPU would have met, down to the
 * interrupt and the bits that it leaves in DSISR or SRR1. An error is only "could not find
 * out": a table that cannot be read, a structure that makes no sense.
 *
 * A look never writes. R and C are set by hpt_translate_update() and by nothing else, which
 * its parameter's type says too. Nothing here allocates or makes a system call of its own;
 * in a table with a view (hpt_table_view()) entries are compared where they lie.
 *
 * Sources, where a comment names none: Power ISA 2.07 Book III-S 5.7 and 3.0B Book III 5.7
 * (translation, protection), 6.5 (interrupts); what is said of a guest is PAPR's (LoPAR).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hpt/error.h>
#include <hpt/hpte.h>
#include <hpt/memory.h>
#include <hpt/table.h>

HPT_BEGIN_DECLS

/** @name Bits of hpt_cpu::msr that matter here
 * @{ */
#define HPT_MSR_SF UINT64_C(0x8000000000000000) /**< 64-bit mode */
#define HPT_MSR_HV UINT64_C(0x1000000000000000) /**< hypervisor state */
#define HPT_MSR_PR UINT64_C(0x4000)             /**< problem state */
#define HPT_MSR_IR UINT64_C(0x20)               /**< fetches are translated */
#define HPT_MSR_DR UINT64_C(0x10)               /**< loads and stores are translated */
/** @} */

/** @name Bits of hpt_cpu::lpcr that matter here
 * @{ */
#define HPT_LPCR_VPM0 UINT64_C(0x8000000000000000)   /**< real mode by VRMA (2.06, 2.07) */
#define HPT_LPCR_VPM1 UINT64_C(0x4000000000000000)   /**< faults go to the hypervisor */
#define HPT_LPCR_ISL UINT64_C(0x2000000000000000)    /**< segments' L and LP are ignored: 4K */
#define HPT_LPCR_VRMASD UINT64_C(0x000F800000000000) /**< VRMA's L and LP (2.06, 2.07) */
#define HPT_LPCR_RMLS UINT64_C(0x3C000000)           /**< limit of real mode by RMOR */
#define HPT_LPCR_TC UINT64_C(0x200)                  /**< no search of secondary groups */
/** @} */

/** @name An SLB entry's words, as slbmte takes them
 * @{ */
#define HPT_SLB_ESID UINT64_C(0xFFFFFFFFF0000000) /**< RB: effective segment id */
#define HPT_SLB_VALID UINT64_C(0x08000000)        /**< RB: V */
#define HPT_SLB_INDEX UINT64_C(0x0FFF)            /**< RB: number of the slot */
#define HPT_SLB_B UINT64_C(0xC000000000000000)    /**< RS: segment size, 0 256M, 1 1T */
#define HPT_SLB_B_SHIFT 62                        /**< of #HPT_SLB_B */
#define HPT_SLB_VSID UINT64_C(0x3FFFFFFFFFFFF000) /**< RS: virtual segment id; see B */
#define HPT_SLB_KS UINT64_C(0x0800)               /**< RS: key bit in privileged state */
#define HPT_SLB_KP UINT64_C(0x0400)               /**< RS: key bit in problem state */
#define HPT_SLB_N UINT64_C(0x0200)                /**< RS: no execute */
#define HPT_SLB_C UINT64_C(0x0080)                /**< RS: class */
#define HPT_SLB_LLP UINT64_C(0x0130)              /**< RS: L and LP, the base page size */
/** @} */

/** @name Bits of hpt_translation::dsisr (DSISR or HDSISR)
 * @{ */
#define HPT_DSISR_NO_ENTRY 0x40000000u   /**< no entry in the table */
#define HPT_DSISR_PROTECTION 0x08000000u /**< not allowed by pp, or beyond real mode's limit */
#define HPT_DSISR_STORE 0x02000000u      /**< the access was a store */
#define HPT_DSISR_KEY 0x00200000u        /**< not allowed by AMR */
/** @} */

/** @name Bits of hpt_translation::srr1 (SRR1 or HSRR1)
 * @{ */
#define HPT_SRR1_NO_ENTRY 0x40000000u   /**< no entry in the table */
#define HPT_SRR1_NO_EXECUTE 0x10000000u /**< N, guarded, or a segment that says N */
#define HPT_SRR1_PROTECTION 0x08000000u /**< not allowed by pp, or beyond real mode's limit */
#define HPT_SRR1_KEY 0x00200000u        /**< not allowed by IAMR */
#define HPT_SRR1_REASONS 0x783F0000u    /**< bits that a fetch's fault defines, set or clear */
/** @} */

/** @brief Level of the architecture: which rules hold. Later ones compare greater. */
enum hpt_isa {
	HPT_ISA_2_01 = 201, /**< PowerPC 970 */
	HPT_ISA_2_03 = 203, /**< POWER5+ */
	HPT_ISA_2_05 = 205, /**< POWER6: segments of 1T */
	HPT_ISA_2_06 = 206, /**< POWER7: storage keys (AMR), VPM, VRMA */
	HPT_ISA_2_07 = 207, /**< POWER8: keys for fetches (IAMR) */
	HPT_ISA_3_0 = 300,  /**< POWER9: partition table, ASDR, real mode always by VRMA */
	HPT_ISA_3_1 = 310,  /**< POWER10 */
};

/** @brief What the CPU is a CPU of. */
enum hpt_platform {
	/** A PAPR guest as it sees itself (pseries; KVM-HV or QEMU): the hypervisor holds the
	 *  table, real addresses are the guest's, real mode is the start of its memory, and
	 *  faults come to the guest whatever the hypervisor's VPM and HV say. */
	HPT_PLATFORM_PSERIES = 0,
	/** A machine with hypervisor state: MSR[HV], LPCR, RMOR and HRMOR count. */
	HPT_PLATFORM_BARE = 1,
	/** A machine whose CPU has no hypervisor state (a 970 as Apple wired it): always as if
	 *  MSR[HV] were 1. */
	HPT_PLATFORM_NO_HV = 2,
};

/** @brief One segment, in the words that slbmte takes. */
struct hpt_slb_entry {
	uint64_t esid; /**< ESID and V; the index bits (#HPT_SLB_INDEX) are ignored */
	uint64_t vsid; /**< B, VSID, Ks, Kp, N, L, C, LP */
};

/** Slots of hpt_cpu::slb. */
#define HPT_SLB_MAX 64

struct hpt_linux;

/**
 * @brief A vCPU, as far as translation needs it. The caller's, filled by hpt_cpu_init().
 *
 * Numbers are in host byte order. It holds no resources; two translations may use one at
 * the same time.
 */
struct hpt_cpu {
	size_t size;                /**< sizeof(struct hpt_cpu) */
	enum hpt_isa isa;           /**< which rules hold */
	enum hpt_platform platform; /**< whose CPU it is */
	/** What pages it knows; must stay while the CPU is used. */
	const struct hpt_page_sizes *sizes;
	/** NULL, or how Linux numbers segments: for addresses whose segment is not in the
	 *  SLB. Must stay while the CPU is used. Hardware has nothing like it. */
	const struct hpt_linux *linux_rule;
	uint64_t msr;  /**< MSR: SF, HV, PR, IR, DR */
	uint64_t lpcr; /**< LPCR; read from 2.06 on, RMLS always */
	uint64_t sdr1; /**< SDR1, for hpt_find_table() before 3.0 */
	uint64_t ptcr; /**< PTCR, for hpt_find_table() from 3.0 on */
	/** From 3.0 on: doubleword 0 of the partition's entry in the partition table, whose PS
	 *  says the VRMA's page size. From hpt_table_origin::pate0. */
	uint64_t pate0;
	uint64_t amr;         /**< AMR, read from 2.06 on */
	uint64_t iamr;        /**< IAMR, read from 2.07 on */
	uint64_t rmor;        /**< RMOR */
	uint64_t hrmor;       /**< HRMOR */
	uint32_t pid;         /**< PIDR; not used by any rule here */
	uint32_t lpid;        /**< LPIDR, for hpt_find_table() from 3.0 on */
	uint32_t slb_n;       /**< slots of @c slb in use, at most #HPT_SLB_MAX */
	uint32_t reserved[3]; /**< 0 */
	/** The SLB by slot. Slots without V take no part. With pointers of 64 bits it begins 128
	 *  bytes into the structure. hpt_translate() is a twelfth quicker where its address is a
	 *  multiple of 32, as it is in a CPU that is aligned so. */
	struct hpt_slb_entry slb[HPT_SLB_MAX];
};

/**
 * @brief A CPU of a known processor, with translation on and an empty SLB.
 * @param cpu its size is set by the caller; all else is written: MSR is SF, IR and DR, all
 *        other registers are 0
 * @param processor which; gives the ISA level and hpt_page_sizes_of()
 * @param platform whose CPU it is
 * @param err see hpt/error.h
 * @return 0, or #HPT_ERR_ARGUMENT: a NULL, a size that is too small, or an unknown value
 *
 * Threads: pure.
 */
HPT_API int hpt_cpu_init(struct hpt_cpu *cpu, enum hpt_processor processor,
			 enum hpt_platform platform, struct hpt_error *err);

/**
 * @brief Which processor a PVR names.
 * @param pvr the processor version register, or PAPR's logical one (0x0F......)
 * @param out receives the processor whose rules and page sizes hold
 * @param err see hpt/error.h
 * @return 0, or #HPT_ERR_UNSUPPORTED: none that is known here
 *
 * Source: PAPR "cpu-version"; Linux arch/powerpc/kernel/cputable.c. Threads: pure.
 */
HPT_API int hpt_processor_from_pvr(uint32_t pvr, enum hpt_processor *out,
				   struct hpt_error *err);

/**
 * @brief SDR1 and the SLB from the kernel's `struct kvm_sregs` (KVM_GET_SREGS, book3s_64).
 * @param cpu a CPU that hpt_cpu_init() has filled: its sdr1, slb and slb_n are replaced. What
 *        is not in that structure (MSR, LPCR, AMR, ...) is the caller's to fill
 * @param bytes the structure, any alignment
 * @param len bytes at @p bytes, at least 1040
 * @param order byte order of its numbers: that of the host that gave it
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_TRUNCATED: fewer than 1040 bytes; #HPT_ERR_FORMAT: an entry with V
 *         names a slot above 63 or one that another entry has named (hpt_error::offset says
 *         where); #HPT_ERR_ARGUMENT: a NULL or a size that is too small
 *
 * KVM packs the valid entries to the front, with their slot in the low 12 bits; here they
 * return to their slots. SDR1 of a guest under KVM-PR is an address in the hypervisor
 * process, and of one under KVM-HV it means nothing. Source: Linux
 * arch/powerpc/include/uapi/asm/kvm.h. Threads: pure.
 */
HPT_API int hpt_cpu_from_kvm_sregs(struct hpt_cpu *cpu, const void *bytes, size_t len,
				   enum hpt_byte_order order, struct hpt_error *err);

/**
 * @brief Add a segment to a CPU's SLB unless it has one for these addresses.
 * @param cpu the CPU
 * @param entry the segment; one without V is left out
 * @param err see hpt/error.h
 * @return 0, added or not; #HPT_ERR_ARGUMENT: a NULL, a size that is too small, a reserved B,
 *         or all #HPT_SLB_MAX slots are in use
 *
 * It goes to the slot behind the last, or else to the first without V. Threads: pure.
 */
HPT_API int hpt_cpu_add_segment(struct hpt_cpu *cpu, const struct hpt_slb_entry *entry,
				struct hpt_error *err);

/**
 * @brief Add the segments of an SLB shadow buffer, by hpt_cpu_add_segment().
 * @param cpu the CPU
 * @param bytes_be the buffer as it lies in the guest's memory: big-endian, any alignment;
 *        {32-bit count, 32-bit length, 64 bits unused, count times {ESID word, VSID word}}
 * @param len bytes at @p bytes_be
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_TRUNCATED: the bytes end before what the count says;
 *         #HPT_ERR_ARGUMENT: as hpt_cpu_add_segment(); segments before it were added
 *
 * Linux keeps there the segments that it wants always: its linear mapping and its stack, so
 * that they are known even of a CPU that was stopped in user state. Source: PAPR "SLB
 * Shadow Buffer"; Linux arch/powerpc/include/asm/lppaca.h. Threads: pure.
 */
HPT_API int hpt_cpu_add_slb_shadow(struct hpt_cpu *cpu, const void *bytes_be, size_t len,
				   struct hpt_error *err);

/** @brief What is done at the address. */
enum hpt_access {
	HPT_ACCESS_READ = 0,  /**< a load */
	HPT_ACCESS_WRITE = 1, /**< a store */
	HPT_ACCESS_FETCH = 2, /**< an instruction fetch */
};

/** @name Flags of hpt_translate() and its family
 * @{ */
/** A debugger's look, at a CPU in whatever state: nothing forbids it (pp, keys, N, G, a
 *  segment's N), two segments that both match count as the first, and in 32-bit mode the
 *  address keeps its upper half. MSR[IR] and [DR] still say whether there is translation
 *  (but see the next two), and MSR[PR] what hpt_translation::allowed says. */
#define HPT_XLATE_DEBUG 1u
/** Translate as if MSR[IR] and MSR[DR] were 1. */
#define HPT_XLATE_ON 2u
/** Translate as if MSR[IR] and MSR[DR] were 0: real mode. Not with #HPT_XLATE_ON. */
#define HPT_XLATE_REAL 4u
/** The access that is given or, where that faults, a fetch: what QEMU's monitor and gdb
 *  stub ask, with a load. When both fault the outcome is that of the first. */
#define HPT_XLATE_ANY 8u
/** @} */

/** @brief How a walk ended. */
enum hpt_outcome {
	/** There is a real address, and the access is allowed (or nobody asked). */
	HPT_OUTCOME_MAPPED = 0,
	/** No segment: data or instruction segment interrupt (0x380, 0x480). */
	HPT_OUTCOME_NO_SEGMENT = 1,
	/** Several SLB entries match: a machine check (0x200). */
	HPT_OUTCOME_SEGMENTS = 2,
	/** The segment's L and LP name no page size of this CPU. The architecture leaves open
	 *  what happens: hpt_translation::interrupt is 0. */
	HPT_OUTCOME_BAD_SEGMENT = 3,
	/** No entry in the table. */
	HPT_OUTCOME_NO_ENTRY = 4,
	/** Not allowed by pp and the segment's key bit. */
	HPT_OUTCOME_PROTECTION = 5,
	/** Not allowed by AMR or IAMR, and by nothing else. */
	HPT_OUTCOME_KEY = 6,
	/** A fetch, and the segment or the page says N. */
	HPT_OUTCOME_NO_EXECUTE = 7,
	/** A fetch from guarded storage. */
	HPT_OUTCOME_GUARDED = 8,
	/** Real mode by RMOR, beyond the limit that LPCR[RMLS] sets. */
	HPT_OUTCOME_REAL_LIMIT = 9,
	/** Real mode by VRMA, and its L and LP name no page size of this CPU: a machine check
	 *  (0x200), as QEMU has it; the architecture leaves it open. */
	HPT_OUTCOME_BAD_VRMA = 10,
};

/**
 * @brief The name of an outcome.
 * @param outcome one of enum #hpt_outcome
 * @return "mapped", "no segment", "no entry", ...; NULL for other values. Static.
 *
 * Threads: pure.
 */
HPT_API const char *hpt_outcome_name(enum hpt_outcome outcome);

/** @brief Which way an address went. */
enum hpt_mode {
	/** Translation on, by a segment. */
	HPT_MODE_SEGMENT = 0,
	/** Real mode of a PAPR guest: the address less its four highest bits. */
	HPT_MODE_REAL_GUEST = 1,
	/** Hypervisor real mode: the same, with HRMOR where the highest bit is 0. */
	HPT_MODE_REAL_HYPERVISOR = 2,
	/** Real mode of a partition by the virtualized real mode area: through the table, by a
	 *  segment that is made up. */
	HPT_MODE_REAL_VRMA = 3,
	/** Real mode of a partition by RMOR and a limit. */
	HPT_MODE_REAL_OFFSET = 4,
};

/**
 * @brief The name of a mode.
 * @param mode one of enum #hpt_mode
 * @return "segment", "real", "hypervisor real", "VRMA", "RMOR"; NULL for other values. Static.
 *
 * Threads: pure.
 */
HPT_API const char *hpt_mode_name(enum hpt_mode mode);

/** @name Bits of hpt_translation::has
 * @{ */
#define HPT_HAS_RA 1u       /**< ra, page_ra, page_shift and allowed mean something */
#define HPT_HAS_SEGMENT 2u  /**< segment, va, base_shift and hash do */
#define HPT_HAS_ENTRY 4u    /**< ptex, entry, secondary, pp, key and wimg do */
#define HPT_HAS_SLB_SLOT 8u /**< slb_slot does: the segment came from the SLB */
#define HPT_HAS_DSISR 16u   /**< dsisr does */
#define HPT_HAS_DAR 32u     /**< dar does */
#define HPT_HAS_SRR1 64u    /**< srr1 does */
#define HPT_HAS_ASDR 128u   /**< asdr does */
/** @} */

/** @name Bits of hpt_translation::allowed
 * @{ */
#define HPT_ALLOW_READ 1u  /**< loads */
#define HPT_ALLOW_WRITE 2u /**< stores */
#define HPT_ALLOW_FETCH 4u /**< fetches */
/** @} */

/** @name Bits of hpt_translation::denied: everything that forbids the access
 * @{ */
#define HPT_DENY_PP 1u         /**< pp with the segment's key bit */
#define HPT_DENY_KEY 2u        /**< AMR, or IAMR for a fetch */
#define HPT_DENY_N 4u          /**< a fetch, and the page says N */
#define HPT_DENY_GUARDED 8u    /**< a fetch, and the page is guarded */
#define HPT_DENY_SEGMENT_N 16u /**< a fetch, and the segment says N */
/** @} */

/** @brief What came of an address. Members that mean nothing (see @c has) are 0. */
struct hpt_translation {
	size_t size;              /**< set by the caller: sizeof(struct hpt_translation) */
	enum hpt_outcome outcome; /**< how it ended */
	enum hpt_access access;   /**< the access that this is about; see #HPT_XLATE_ANY */
	enum hpt_mode mode;       /**< which way it went */
	uint32_t has;             /**< which members mean something: HPT_HAS_* */
	uint64_t ea;      /**< the address as it was used: cut to 32 bits in 32-bit mode */
	uint64_t ra;      /**< real address of that byte */
	uint64_t page_ra; /**< real address of the page's first byte */
	struct hpt_slb_entry segment; /**< the segment; of the VRMA the one that is made up */
	struct hpt_va va;             /**< the virtual address: VSID, offset, segment size */
	uint64_t hash;                /**< primary hash, not cut to the table's size */
	uint64_t ptex;                /**< index of the entry in its table */
	struct hpt_entry entry;       /**< the entry, classic form */
	uint32_t slb_slot;            /**< slot in hpt_cpu::slb */
	uint8_t base_shift;           /**< log2 of the segment's base page size */
	uint8_t page_shift;           /**< log2 of the page's actual size; in real mode 0 */
	bool secondary;               /**< found in the secondary group */
	uint8_t pp;                   /**< pp0:pp2, 0 to 7 */
	uint8_t key;                  /**< storage key, 0 to 31 */
	uint8_t wimg;                 /**< W 8, I 4, M 2, G 1 */
	uint8_t allowed; /**< what this CPU in this state may do there: HPT_ALLOW_* */
	uint8_t denied;  /**< what forbids the access: HPT_DENY_*; of a debug look, too */
	/** Vector of the interrupt that the access would take: 0x200, 0x300 (DSI), 0x380,
	 *  0x400 (ISI), 0x480, 0xE00 (HDSI), 0xE20 (HISI); 0: none. */
	uint32_t interrupt;
	uint32_t dsisr; /**< DSISR, or of an HDSI HDSISR: HPT_DSISR_* */
	/** What a fetch's fault sets of #HPT_SRR1_REASONS in SRR1, or of an HISI in HSRR1: the
	 *  other bits come from MSR. */
	uint64_t srr1;
	uint64_t dar;  /**< DAR, or of an HDSI HDAR */
	uint64_t asdr; /**< ASDR, from 3.0 on with HDSI and HISI: the VSID word */
};

/**
 * @brief Translate an effective address as a CPU would.
 * @param cpu the CPU
 * @param table its table; NULL is allowed where real mode needs none
 * @param ea effective address, bytes
 * @param access what is done there
 * @param flags HPT_XLATE_*
 * @param out receives the answer; its size is set by the caller, and as much of the rest as
 *        that size holds is written
 * @param err see hpt/error.h
 * @return 0: @p out says what came of it, a fault included; #HPT_ERR_ARGUMENT: a NULL, a size
 *         that is too small or a tail that is not zero, an unknown flag or value, more SLB
 *         slots than there are, or a walk that needs a table where there is none;
 *         #HPT_ERR_UNSTABLE: an entry of a live table changed at each of 1,000 readings; what
 *         hpt_table_read() may return
 *
 * The first entry that matches counts, primary group first; two of them are a mistake of
 * the operating system, which hpt_explain() shows. An entry whose L and LP are illegal in
 * its segment is passed over. LPCR[ISL] acts with translation on only, as the ISA says; the
 * storage key of a VRMA page is not looked at, its N and G are. LPCR[KBV] is not modelled.
 * Where several things forbid a fetch, SRR1 has N or guarded alone before protection, and
 * the key beside either, as POWER8 under QEMU was seen to give it.
 *
 * In a table with a view nothing is copied and nothing called but the view; else each
 * group is one hpt_table_read() of 8. Threads: const (of the table).
 */
HPT_API int hpt_translate(const struct hpt_cpu *cpu, const struct hpt_table *table,
			  uint64_t ea, enum hpt_access access, uint32_t flags,
			  struct hpt_translation *out, struct hpt_error *err);

/**
 * @brief Translate many addresses, with their cache misses overlapped.
 * @param cpu the CPU
 * @param table as for hpt_translate()
 * @param ea @p n effective addresses
 * @param n number of addresses; 0 does nothing
 * @param access what is done at each
 * @param flags HPT_XLATE_*
 * @param out @p n answers. The caller sets the size of the first, sizeof(struct
 *        hpt_translation), which is that of each; the sizes of the others are written
 * @param err see hpt/error.h
 * @return as hpt_translate(); hpt_error::address is the address that could not be followed.
 *         Answers before it were written
 *
 * Each answer is that of hpt_translate(). Threads: const (of the table).
 */
HPT_API int hpt_translate_many(const struct hpt_cpu *cpu, const struct hpt_table *table,
			       const uint64_t *ea, size_t n, enum hpt_access access,
			       uint32_t flags, struct hpt_translation *out,
			       struct hpt_error *err);

/**
 * @brief Translate and, where the access is allowed, set R and for a store C.
 * @param cpu the CPU
 * @param table its table, writable
 * @param ea effective address, bytes
 * @param access what is done there
 * @param flags #HPT_XLATE_ON or #HPT_XLATE_REAL or 0; the others are refused, since a look
 *        changes nothing
 * @param out receives the answer, as hpt_translate(); its entry has the bits that were set
 * @param err see hpt/error.h
 * @return as hpt_translate(); #HPT_ERR_READ_ONLY: a bit is to be set, and cannot; what
 *         hpt_table_write() may return. A fault sets nothing and is no error
 *
 * In a table of hpt_memory_open(), live or not, the bits are set by one atomic exchange of
 * doubleword 1, where it lies: no other bit is touched, and when anybody has changed the
 * word meanwhile the walk begins again (#HPT_ERR_UNSTABLE after 1,000). Any other table gets
 * one hpt_table_write() of that entry, which is as atomic as its backend is, and no more:
 * what somebody else does to the entry between the reading and the writing is lost, the
 * hypervisor's software bits are cleared, and a live one may be without V for a moment.
 * Stop the vCPUs, or hold the entry's lock, there. (Tables are told apart by
 * hpt_table_info::backend; "memory" is taken to be writable where its view points.)
 * Threads: exclusive, but for tables of hpt_memory_open(): const.
 */
HPT_API int hpt_translate_update(const struct hpt_cpu *cpu, struct hpt_table *table,
				 uint64_t ea, enum hpt_access access, uint32_t flags,
				 struct hpt_translation *out, struct hpt_error *err);

/** @brief What became of an SLB entry in a walk. */
enum hpt_segment_reason {
	HPT_SEGMENT_MATCH = 0,     /**< it matches */
	HPT_SEGMENT_DUPLICATE = 1, /**< it matches, as one before it did: a machine check */
	HPT_SEGMENT_INVALID = 2,   /**< no V */
	HPT_SEGMENT_RESERVED = 3,  /**< B is 2 or 3, or 1 on a CPU without segments of 1T */
	HPT_SEGMENT_ESID = 4,      /**< it is for other addresses */
};

/** @brief One SLB entry in a walk. */
struct hpt_segment_step {
	struct hpt_slb_entry entry;     /**< its words */
	enum hpt_segment_reason reason; /**< what became of it */
	uint8_t segment_shift;          /**< log2 of its bytes, 28 or 40; 0: reserved */
	uint8_t base_shift; /**< log2 of its base page size; 0: L and LP name none */
};

/** @brief What became of an entry of a group in a walk. */
enum hpt_slot_reason {
	HPT_SLOT_MATCH = 0,        /**< it matches, and counts */
	HPT_SLOT_DUPLICATE = 1,    /**< it matches, as one before it did: a mistake */
	HPT_SLOT_INVALID = 2,      /**< no V */
	HPT_SLOT_SEGMENT_SIZE = 3, /**< B is another */
	HPT_SLOT_AVPN = 4,         /**< it maps another virtual page */
	HPT_SLOT_HASH = 5,         /**< H says that it is in its other group */
	HPT_SLOT_PAGE_SIZE = 6,    /**< L and LP are illegal in this segment: passed over */
};

/** @brief One entry of a group in a walk. */
struct hpt_slot_step {
	uint64_t ptex;               /**< its index */
	struct hpt_entry entry;      /**< the entry, classic form */
	enum hpt_slot_reason reason; /**< what became of it */
	uint8_t page_shift; /**< log2 of its actual page size, when the reason is a match */
};

/** @brief A walk, told step by step. */
struct hpt_explanation {
	size_t size;         /**< set by the caller: sizeof(struct hpt_explanation) */
	enum hpt_mode mode;  /**< which way it went */
	bool linux_segment;  /**< the segment came from hpt_cpu::linux_rule */
	bool no_secondary;   /**< LPCR[TC]: the secondary group was not searched */
	bool small_pages;    /**< LPCR[ISL]: base pages of 4K, whatever the segment says */
	uint8_t key_bit;     /**< the segment's Ks or Kp, as MSR[PR] chose */
	uint8_t amr_bits;    /**< AMR's two bits of the page's key: 2 no stores, 1 no loads */
	uint8_t iamr_bits;   /**< IAMR's two bits of the page's key: 1 no fetches */
	uint8_t pp_allows;   /**< what pp with the key bit allows: HPT_ALLOW_* */
	uint32_t n_segments; /**< SLB entries looked at, 0 in real mode */
	uint32_t n_slots;    /**< entries of groups looked at: 0, 8 or 16 */
	struct hpt_segment_step segment[HPT_SLB_MAX]; /**< the SLB, by slot */
	uint64_t pteg_ptex[2]; /**< index of the first entry of the primary, secondary group */
	/** The primary group's entries, then the secondary's: both whole, whatever matched. */
	struct hpt_slot_step slot[2 * HPT_PTEG_ENTRIES];
	uint64_t reserved[8];               /**< 0 */
	struct hpt_translation translation; /**< the answer, as hpt_translate() gives it */
};

/**
 * @brief Translate, and tell the whole walk.
 * @param cpu as for hpt_translate()
 * @param table as for hpt_translate()
 * @param ea effective address, bytes
 * @param access what is done there
 * @param flags HPT_XLATE_*; with #HPT_XLATE_ANY the walk of the access that counts
 * @param out receives the walk; its size is set by the caller, that of its translation is
 *        written
 * @param err see hpt/error.h
 * @return as hpt_translate()
 *
 * Threads: const (of the table).
 */
HPT_API int hpt_explain(const struct hpt_cpu *cpu, const struct hpt_table *table, uint64_t ea,
			enum hpt_access access, uint32_t flags, struct hpt_explanation *out,
			struct hpt_error *err);

/**
 * @brief How a Linux guest numbers its segments. Named, optional, and true of one kernel only.
 *
 * Linux computes the VSID from a context's number and the effective address, so that a
 * segment is known even when no CPU holds it. Since 4.17 (2018) the kernel's own mappings
 * are contexts too. Source: Linux 6.1 arch/powerpc/include/asm/book3s/64/mmu-hash.h,
 * hash-64k.h, hash-4k.h.
 */
struct hpt_linux {
	size_t size;         /**< sizeof(struct hpt_linux) */
	uint32_t va_bits;    /**< 68, or 65 on POWER5 and before */
	uint32_t page_shift; /**< log2 of the kernel's PAGE_SIZE: 12 or 16 */
	/** The context of user addresses; 0: there is none, they have no segment. */
	uint64_t user_context;
	/** log2 of the bytes of kernel segments, and of user segments from 1T on: 28 or 40.
	 *  User segments below 1T are of 256M. */
	uint32_t kernel_segment_shift;
	uint32_t user_segment_shift; /**< likewise */
	/** log2 of the base page size of each kind of mapping; 0: not known, each that the CPU
	 *  has is tried, in order, until an entry is found. */
	uint32_t linear_shift;
	uint32_t vmalloc_shift; /**< likewise, and for I/O mappings */
	uint32_t vmemmap_shift; /**< likewise */
	uint32_t user_shift;    /**< likewise */
};

/** @brief A place in a Linux context. */
struct hpt_linux_place {
	uint64_t context; /**< number of the context; those of the kernel are the lowest */
	uint64_t offset;  /**< bytes from the context's start: the EA without its region */
};

/**
 * @brief The VSID of an address in a context.
 * @param context number of the context, 19 bits
 * @param ea effective address; its bits above the context's (from 2^49 on) are ignored
 * @param segment_shift log2 of the segment's bytes: 28 or 40
 * @param va_bits 68 or 65
 * @param vsid receives the VSID
 * @param err see hpt/error.h
 * @return 0, or #HPT_ERR_ARGUMENT: a number outside its range
 *
 * Threads: pure.
 */
HPT_API int hpt_linux_vsid(uint64_t context, uint64_t ea, unsigned segment_shift,
			   unsigned va_bits, uint64_t *vsid, struct hpt_error *err);

/**
 * @brief The rule undone: which context and segment a VSID is of.
 * @param vsid the VSID
 * @param segment_shift log2 of the segment's bytes: 28 or 40
 * @param va_bits 68 or 65; with 65 only contexts below 2^16 come back
 * @param out receives the context and the offset of the segment's first byte
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_FORM: the VSID is none that the rule can give (the VRMA's, or another
 *         system's); #HPT_ERR_ARGUMENT: @p segment_shift or @p va_bits is out of range
 *
 * Any VSID of so many bits is given by some context: that it is one of Linux's is for the
 * caller to know. Threads: pure.
 */
HPT_API int hpt_linux_context(uint64_t vsid, unsigned segment_shift, unsigned va_bits,
			      struct hpt_linux_place *out, struct hpt_error *err);

/**
 * @brief The context of a kernel address.
 * @param ea effective address
 * @param page_shift log2 of the kernel's PAGE_SIZE: 12 or 16
 * @return the context's number, or 0: the address is not the kernel's
 *
 * Threads: pure.
 */
HPT_API uint64_t hpt_linux_kernel_context(uint64_t ea, unsigned page_shift);

/**
 * @brief The effective address of a virtual one, in a Linux guest.
 * @param rule how that guest does it
 * @param va the virtual address, from hpt_entry_va() or hpt_translation::va
 * @param context receives the number of the context
 * @param ea receives the effective address of that byte, in the kernel's region for one of
 *        its contexts
 * @param err see hpt/error.h
 * @return as hpt_linux_context(); #HPT_ERR_ARGUMENT also for a rule that makes no sense
 *
 * Threads: pure.
 */
HPT_API int hpt_linux_ea(const struct hpt_linux *rule, const struct hpt_va *va,
			 uint64_t *context, uint64_t *ea, struct hpt_error *err);

/**
 * @brief The SLB entry that Linux would make for an address.
 * @param rule how that guest does it; a base page size of 0 stands for 4K here
 * @param sizes what pages the CPU knows
 * @param ea effective address
 * @param out receives the entry, valid, with Linux's flags: Kp for the kernel, Ks, Kp and C
 *        for users. Without V, and all zero: there is no segment
 * @param err see hpt/error.h
 * @return 0, or #HPT_ERR_ARGUMENT: a rule that makes no sense, or whose base page size
 *         @p sizes do not have
 *
 * Threads: pure.
 */
HPT_API int hpt_linux_segment(const struct hpt_linux *rule, const struct hpt_page_sizes *sizes,
			      uint64_t ea, struct hpt_slb_entry *out, struct hpt_error *err);

/** @brief Where a table lies in memory, as SDR1 or the partition table say. */
struct hpt_table_origin {
	size_t size;        /**< set by the caller: sizeof(struct hpt_table_origin) */
	uint64_t ra;        /**< real address of its first byte */
	uint32_t order;     /**< log2 of its bytes */
	enum hpt_form form; /**< form of its entries */
	uint64_t pate0;     /**< doubleword 0 of the partition's entry, 0 before 3.0 */
};

/**
 * @brief Where a CPU's table lies.
 * @param cpu its isa, and sdr1, or ptcr and lpid
 * @param ops the machine's memory; before 3.0 it is not touched and may be NULL
 * @param ctx given to @p ops
 * @param out receives the place
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_NO_HPT: SDR1 or PTCR is 0, the LPID is beyond the partition table, or
 *         its entry is empty or a radix one; #HPT_ERR_FORMAT: a base that is not a multiple of
 *         its size, or a size that is reserved; #HPT_ERR_ARGUMENT; what @p ops return
 *
 * Before ISA 3.0: SDR1, classic form. From then on: PTCR, the entry of LPIDR, ISA 3.0 form.
 * Threads: pure, but for @p ops.
 */
HPT_API int hpt_table_origin(const struct hpt_cpu *cpu, const struct hpt_memory_ops *ops,
			     void *ctx, struct hpt_table_origin *out, struct hpt_error *err);

/**
 * @brief Open the table of a CPU of a bare machine: hpt_table_origin(), then hpt_ram_open().
 * @param cpu as for hpt_table_origin()
 * @param ops the machine's memory; must stay valid until hpt_table_close()
 * @param ctx given to @p ops
 * @param options as for hpt_ram_open(), but that #HPT_MEMORY_V3 is found out, and ignored
 * @param out receives the handle
 * @param err see hpt/error.h
 * @return as hpt_table_origin() and hpt_ram_open()
 *
 * For the VRMA of an ISA 3.0 CPU hpt_cpu::pate0 must be set, too. Threads: pure, but for
 * @p ops and the allocation of the handle.
 */
HPT_API int hpt_find_table(const struct hpt_cpu *cpu, const struct hpt_memory_ops *ops,
			   void *ctx, const struct hpt_memory_options *options,
			   struct hpt_table **out, struct hpt_error *err);

/** @name Flags of hpt_segment_table_lookup()
 * @{ */
/** Search secondary groups, too (the ones' complement of the index). */
#define HPT_SEGMENT_TABLE_SECONDARY 1u
/** @} */

/**
 * @brief Look for an address's segment in a segment table in memory (UPRT, CAPI).
 * @param ops the memory
 * @param ctx given to @p ops
 * @param ra real address of the table's first byte, a multiple of 128
 * @param len bytes of the table, a power of two, at least 128
 * @param ea effective address
 * @param flags HPT_SEGMENT_TABLE_*
 * @param out receives the entry, for hpt_cpu_add_segment(); without V, and all zero: there is
 *        none
 * @param err see hpt/error.h
 * @return 0, found or not; #HPT_ERR_ARGUMENT: a NULL, an unknown flag, an address or length
 *         out of its range; what @p ops return
 *
 * Groups of eight entries of 16 bytes, in the words of slbmte, big-endian; the group is
 * chosen by the ESID, as one of 256M and then as one of 1T. That much is in IBM's "Coherent
 * Accelerator Interface Architecture" 9.1.1 and in Linux drivers/misc/cxl/fault.c.
 *
 * @warning That ISA 3.0's tables (LPCR[UPRT], process table entry, doubleword 0) are laid
 * out like this, and that they have secondary groups, is documented by no open source and
 * was seen on no machine; QEMU does not have them. Where such a table lies is the caller's
 * to know.
 *
 * Threads: pure, but for @p ops.
 */
HPT_API int hpt_segment_table_lookup(const struct hpt_memory_ops *ops, void *ctx, uint64_t ra,
				     uint64_t len, uint64_t ea, uint32_t flags,
				     struct hpt_slb_entry *out, struct hpt_error *err);

HPT_END_DECLS

#endif /* HPT_MMU_H */
