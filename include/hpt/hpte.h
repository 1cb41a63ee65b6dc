/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_HPTE_H
#define HPT_HPTE_H

/**
 * @file hpt/hpte.h
 * @brief One hashed page table entry: its fields, its two forms, page sizes, hash.
 *
 * An HPTE is 16 bytes, two big-endian doublewords in memory and in every stream.
 * Everything in libhpt speaks of it as struct #hpt_entry: host byte order, classic
 * form (that of Power ISA 2.07 and earlier, of PAPR, of KVM's HTAB descriptor and
 * of QEMU), with the two software bits that belong to the hypervisor
 * (#HPT_V_HYPERVISOR) clear.
 *
 * Sources: Power ISA 2.07 Book III-S 5.7 and 3.0B Book III 5.7; PAPR (LoPAR)
 * "Hypervisor Call Functions"; Linux arch/powerpc/include/asm/book3s/64/mmu-hash.h.
 *
 * All functions here are pure: no state, no allocation, no system call.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hpt/error.h>

HPT_BEGIN_DECLS

/** @name Geometry of a table
 * @{ */
#define HPT_ORDER_MIN 18      /**< smallest table: 2^18 bytes, 16,384 entries */
#define HPT_ORDER_MAX 46      /**< largest table: 2^46 bytes */
#define HPT_ENTRY_BYTES 16    /**< bytes of an entry */
#define HPT_ENTRY_SHIFT 4     /**< log2 of #HPT_ENTRY_BYTES */
#define HPT_PTEG_ENTRIES 8    /**< entries of a page table entry group */
#define HPT_PTEG_SHIFT 7      /**< log2 of the bytes of a group */
/** @} */

/** @name Doubleword 0, classic form
 * @{ */
#define HPT_V_B UINT64_C(0xC000000000000000)    /**< segment size: 0 256M, 1 1T */
#define HPT_V_B_SHIFT 62                        /**< of #HPT_V_B */
#define HPT_V_AVPN UINT64_C(0x3FFFFFFFFFFFFF80) /**< virtual address >> 23 */
#define HPT_V_AVPN_SHIFT 7                      /**< of #HPT_V_AVPN */
#define HPT_V_SOFTWARE UINT64_C(0x78)           /**< all four software bits */
#define HPT_V_SOFTWARE_SHIFT 3                  /**< of #HPT_V_SOFTWARE */
/** The hypervisor's two software bits. KVM keeps its lock and "absent" there, QEMU
 *  "dirty"; they are cleared wherever an entry enters libhpt. */
#define HPT_V_HYPERVISOR UINT64_C(0x60)
#define HPT_V_BOLTED UINT64_C(0x10)    /**< software: must survive a resize */
#define HPT_V_OS_LOCK UINT64_C(0x08)   /**< software: Linux's own lock, bare metal */
#define HPT_V_LARGE UINT64_C(0x04)     /**< L: page is not 4K; LP says which */
#define HPT_V_SECONDARY UINT64_C(0x02) /**< H: stands in its secondary group */
#define HPT_V_VALID UINT64_C(0x01)     /**< V */
/** @} */

/** @name Doubleword 1, classic form
 * @{ */
#define HPT_R_PP0 UINT64_C(0x8000000000000000) /**< highest protection bit */
/** Reserved in the architecture; software's and KVM's own mark. */
#define HPT_R_SOFTWARE UINT64_C(0x4000000000000000)
#define HPT_R_KEY_HIGH UINT64_C(0x3000000000000000) /**< key bits 0 and 1 */
/** Real page number in units of 4K; when L is set its low 8 bits hold LP. */
#define HPT_R_RPN UINT64_C(0x0FFFFFFFFFFFF000)
#define HPT_R_LP UINT64_C(0x00000000000FF000)   /**< LP, within #HPT_R_RPN */
#define HPT_R_KEY_LOW UINT64_C(0x0E00)          /**< key bits 2 to 4 */
#define HPT_R_REFERENCED UINT64_C(0x0100)       /**< R */
#define HPT_R_CHANGED UINT64_C(0x0080)          /**< C */
#define HPT_R_WIMG UINT64_C(0x0078)             /**< storage attributes */
#define HPT_R_W UINT64_C(0x0040)                /**< write through */
#define HPT_R_I UINT64_C(0x0020)                /**< caching inhibited */
#define HPT_R_M UINT64_C(0x0010)                /**< memory coherence */
#define HPT_R_G UINT64_C(0x0008)                /**< guarded */
#define HPT_R_NO_EXECUTE UINT64_C(0x0004)       /**< N */
#define HPT_R_PP UINT64_C(0x0003)               /**< pp1 and pp2 */
/** @} */

/** @name ISA 3.0 form (native POWER9 and later; never PAPR, KVM's stream or QEMU's)
 * @{ */
#define HPT_V3_V_AVPN UINT64_C(0x000FFFFFFFFFFF80) /**< in doubleword 0 */
#define HPT_V3_R_B UINT64_C(0x0C00000000000000)    /**< B, in doubleword 1 */
#define HPT_V3_R_B_SHIFT 58                        /**< of #HPT_V3_R_B */
#define HPT_V3_R_RPN UINT64_C(0x01FFFFFFFFFFF000)  /**< in doubleword 1 */
/** @} */

/**
 * @brief One HPTE: host byte order, classic form unless a comment says otherwise.
 */
struct hpt_entry {
	uint64_t v; /**< doubleword 0 */
	uint64_t r; /**< doubleword 1 */
};

/**
 * @brief A raw big-endian doubleword, as it lies in a table in memory.
 *
 * A type of its own, so that it cannot be mistaken for a number.
 */
struct hpt_be64 {
	uint64_t raw_be; /**< in memory order: use hpt_be64_get() */
};

/** @brief One raw HPTE, as it lies in a table in memory. */
struct hpt_raw_entry {
	struct hpt_be64 v_be; /**< doubleword 0 */
	struct hpt_be64 r_be; /**< doubleword 1 */
};

/** @brief Which of the two forms raw entries have. */
enum hpt_form {
	HPT_FORM_CLASSIC = 0, /**< ISA 2.07 and earlier, PAPR */
	HPT_FORM_V3 = 1,      /**< ISA 3.0 and later, bare machine */
};

/** @brief Byte order of numbers in a file or a kernel's structure. */
enum hpt_byte_order {
	HPT_LITTLE_ENDIAN = 0, /**< least significant byte first */
	HPT_BIG_ENDIAN = 1,    /**< most significant byte first */
};

/**
 * @brief The value of a raw doubleword.
 * @param word_be the raw word
 * @return its value, host byte order
 *
 * Threads: pure.
 */
HPT_API uint64_t hpt_be64_get(struct hpt_be64 word_be);

/**
 * @brief A raw doubleword from a value.
 * @param value host byte order
 * @return the raw word
 *
 * Threads: pure.
 */
HPT_API struct hpt_be64 hpt_be64_make(uint64_t value);

/**
 * @brief Take entries in from raw big-endian bytes, classic form.
 * @param bytes_be @p n times 16 bytes, any alignment
 * @param n number of entries
 * @param out receives @p n entries; may be the same memory as @p bytes_be, else
 *        must not overlap it
 *
 * The hypervisor's bits (#HPT_V_HYPERVISOR) are cleared; nothing else is changed.
 * Threads: pure.
 */
HPT_API void hpt_entries_from_bytes(const void *bytes_be, size_t n,
				    struct hpt_entry *out);

/**
 * @brief Put entries out as raw big-endian bytes, classic form.
 * @param in @p n entries
 * @param n number of entries
 * @param bytes_be receives @p n times 16 bytes, any alignment; as above
 *
 * Threads: pure.
 */
HPT_API void hpt_entries_to_bytes(const struct hpt_entry *in, size_t n,
				  void *bytes_be);

/**
 * @brief An entry's classic form from its ISA 3.0 form.
 * @param v3 entry in the ISA 3.0 form, host byte order
 * @return the classic form; B moves from doubleword 1 to doubleword 0
 *
 * Nothing is lost. Source: Power ISA 3.0B Book III 5.7.7; Linux
 * hpte_new_to_old_v(). Threads: pure.
 */
HPT_API struct hpt_entry hpt_entry_from_v3(struct hpt_entry v3);

/**
 * @brief An entry's ISA 3.0 form from its classic form.
 * @param classic the entry
 * @param v3 receives the ISA 3.0 form, host byte order
 * @param err see hpt/error.h
 * @return 0, or #HPT_ERR_FORM: the virtual address has bits above bit 77 less 10
 *         (doubleword 0 & 0x3FF0000000000000) or the real address bits above bit
 *         56 (doubleword 1 & 0x0E00000000000000), for which that form has no place
 *
 * Threads: pure.
 */
HPT_API int hpt_entry_to_v3(struct hpt_entry classic, struct hpt_entry *v3,
			    struct hpt_error *err);

/** @brief Every field of an entry, apart. */
struct hpt_fields {
	uint64_t avpn;        /**< virtual address >> 23 (55 bits) */
	uint64_t rpn;         /**< #HPT_R_RPN >> 12: real page number with LP (48 bits) */
	uint8_t segment;      /**< B: 0 256M, 1 1T, 2 and 3 reserved */
	uint8_t software;     /**< four software bits, as a number; 2 is "bolted" */
	uint8_t pp;           /**< pp0:pp2, 0 to 7 */
	uint8_t key;          /**< storage key, 0 to 31 */
	uint8_t wimg;         /**< W 8, I 4, M 2, G 1 */
	bool large;           /**< L */
	bool secondary;       /**< H */
	bool valid;           /**< V */
	bool referenced;      /**< R */
	bool changed;         /**< C */
	bool no_execute;      /**< N */
	bool software_r;      /**< the reserved bit of doubleword 1, #HPT_R_SOFTWARE */
};

/**
 * @brief Take an entry apart.
 * @param entry the entry, classic form
 * @param out receives every field
 *
 * hpt_fields_join() of the result gives the entry back, bit for bit. Threads: pure.
 */
HPT_API void hpt_entry_split(struct hpt_entry entry, struct hpt_fields *out);

/**
 * @brief Make an entry of its fields.
 * @param fields the fields
 * @param out receives the entry, classic form
 * @param err see hpt/error.h
 * @return 0, or #HPT_ERR_FORM: a number has more bits than its field (the text
 *         names the field)
 *
 * Threads: pure.
 */
HPT_API int hpt_fields_join(const struct hpt_fields *fields, struct hpt_entry *out,
			    struct hpt_error *err);

/** @name Limits of struct hpt_page_sizes
 * @{ */
#define HPT_BASE_SIZES_MAX 8   /**< base page sizes at most */
#define HPT_ACTUAL_SIZES_MAX 8 /**< actual page sizes at most, for each base size */
/** @} */

/** @brief One actual page size and how an HPTE says so. */
struct hpt_page_encoding {
	uint32_t shift;  /**< log2 of the actual page's bytes */
	uint32_t lp;     /**< low bits of the real page number (units of 4K) that name it */
};

/** @brief A base page size, how a segment says so, and the actual sizes it allows. */
struct hpt_base_size {
	uint32_t shift;   /**< log2 of the base page's bytes */
	uint32_t slb_enc; /**< L and LP of an SLB entry's second word, mask 0x130 */
	uint32_t n;       /**< number of actual sizes */
	struct hpt_page_encoding actual[HPT_ACTUAL_SIZES_MAX]; /**< the actual sizes */
};

/** @name Bits of hpt_page_sizes::flags
 * @{ */
#define HPT_SIZES_1T 1u /**< segments of 1 TiB are supported */
/** @} */

/**
 * @brief What pages and segments a processor knows.
 *
 * A 4K page within a 4K base is encoded by L=0; every other by L=1 and LP.
 */
struct hpt_page_sizes {
	size_t size;          /**< bytes of this structure, as the writer knew it */
	uint32_t flags;       /**< HPT_SIZES_* */
	uint32_t slb_entries; /**< entries of the SLB, 0 when not known */
	uint32_t data_keys;   /**< storage keys for data, 0 when none or not known */
	uint32_t fetch_keys;  /**< storage keys for instructions, likewise */
	uint32_t n;           /**< number of base sizes */
	struct hpt_base_size base[HPT_BASE_SIZES_MAX]; /**< ascending */
};

/** @brief Processors whose page sizes are built in. */
enum hpt_processor {
	HPT_CPU_970 = 0, /**< PowerPC 970: 4K and 16M */
	HPT_CPU_POWER5P, /**< POWER5+: and 64K, 16G */
	HPT_CPU_POWER6,  /**< POWER6: the same */
	HPT_CPU_POWER7,  /**< POWER7: and 64K and 16M in smaller bases */
	HPT_CPU_POWER8,  /**< POWER8: and 1M */
	HPT_CPU_POWER9,  /**< POWER9 */
	HPT_CPU_POWER10, /**< POWER10 */
	HPT_CPU_COUNT    /**< number of processors */
};

/**
 * @brief The page sizes of a processor by name.
 * @param processor one of enum #hpt_processor
 * @return static and constant, or NULL for other values
 *
 * Source: processors' manuals and Linux's mmu_psize_defs; hypervisors allow less (see
 * hpt_page_sizes_from_smmu() and hpt_page_sizes_from_cells()). Threads: pure.
 */
HPT_API const struct hpt_page_sizes *hpt_page_sizes_of(enum hpt_processor processor);

/**
 * @brief The page sizes that a KVM offers, from `KVM_PPC_GET_SMMU_INFO`.
 * @param info the ioctl's `struct kvm_ppc_smmu_info`, 592 bytes, any alignment
 * @param len bytes at @p info
 * @param order byte order of its numbers: that of the host that gave it
 * @param out receives the page sizes
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_TRUNCATED: fewer than 592 bytes; #HPT_ERR_FORMAT: an encoding
 *         that cannot be (the text and hpt_error::offset name it)
 *
 * Source: Linux Documentation/virt/kvm/api.rst 4.74. Threads: pure.
 */
HPT_API int hpt_page_sizes_from_smmu(const void *info, size_t len,
				     enum hpt_byte_order order,
				     struct hpt_page_sizes *out,
				     struct hpt_error *err);

/**
 * @brief The page sizes of a device tree's `ibm,segment-page-sizes`.
 * @param cells_be the property's bytes: big-endian 32-bit cells {base shift, SLB
 *        encoding, n, n times {actual shift, LP encoding}}, repeated
 * @param len bytes at @p cells_be
 * @param out receives the page sizes; hpt_page_sizes::flags, slb_entries and keys
 *        are 0, since other properties give them
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_TRUNCATED: the bytes end inside a record; #HPT_ERR_FORMAT: an
 *         encoding that cannot be (the text and hpt_error::offset name it)
 *
 * Source: PAPR, "ibm,segment-page-sizes". Threads: pure.
 */
HPT_API int hpt_page_sizes_from_cells(const void *cells_be, size_t len,
				      struct hpt_page_sizes *out,
				      struct hpt_error *err);

/** @brief The page sizes that an entry has. */
struct hpt_page {
	uint8_t base_shift;   /**< log2 of the bytes of its segment's base page */
	uint8_t actual_shift; /**< log2 of the bytes of the page that it maps */
};

/**
 * @brief The base and actual page size of an entry, from the entry alone.
 * @param sizes what the processor knows
 * @param entry the entry, classic form
 * @param out receives the sizes
 * @param err see hpt/error.h
 * @return 0, or #HPT_ERR_PAGE_SIZE: L and LP name none of @p sizes
 *
 * The encodings of real processors are free of prefixes, so that an entry alone gives
 * both; where several of @p sizes match, the first does. Threads: pure.
 */
HPT_API int hpt_entry_page(const struct hpt_page_sizes *sizes, struct hpt_entry entry,
			   struct hpt_page *out, struct hpt_error *err);

/**
 * @brief The actual page size of an entry in a segment of a known base page size.
 * @param sizes what the processor knows
 * @param entry the entry, classic form
 * @param base_shift log2 of the segment's base page size
 * @param out receives the sizes
 * @param err see hpt/error.h
 * @return 0, or #HPT_ERR_PAGE_SIZE: L and LP name no page size that a segment of this
 *         base may hold; hardware then passes the entry over
 *
 * Threads: pure.
 */
HPT_API int hpt_entry_page_in(const struct hpt_page_sizes *sizes, struct hpt_entry entry,
			      unsigned base_shift, struct hpt_page *out,
			      struct hpt_error *err);

/**
 * @brief The real address of the first byte that an entry maps.
 * @param entry the entry, classic form
 * @param actual_shift log2 of its actual page size, 12 to 59
 * @return the real address, in bytes
 *
 * Threads: pure.
 */
HPT_API uint64_t hpt_entry_ra(struct hpt_entry entry, unsigned actual_shift);

/** @brief A virtual address: a segment and a place in it. */
struct hpt_va {
	uint64_t vsid;         /**< virtual segment id: 50 bits, or 38 for 1T */
	uint64_t offset;       /**< bytes from the segment's start */
	uint8_t segment_shift; /**< log2 of the segment's bytes: 28 or 40 */
};

/**
 * @brief The hash of a virtual page.
 * @param va the virtual address, its segment_shift 28 or 40
 * @param base_shift log2 of the segment's base page size
 * @return the primary hash, not yet cut to a table's size; its ones' complement is
 *         the secondary
 *
 * Source: Power ISA 2.07 Book III-S 5.7.7.3. Threads: pure.
 */
HPT_API uint64_t hpt_va_hash(const struct hpt_va *va, unsigned base_shift);

/**
 * @brief The group that a hash selects.
 * @param hash of hpt_va_hash()
 * @param order log2 of the table's bytes, #HPT_ORDER_MIN to #HPT_ORDER_MAX
 * @param secondary false: the primary group; true: the secondary
 * @return index of the PTEG; 8 times it is the index of the group's first entry
 *
 * Threads: pure.
 */
HPT_API uint64_t hpt_hash_pteg(uint64_t hash, unsigned order, bool secondary);

/**
 * @brief Doubleword 0 of the entry that would map a virtual page.
 * @param va the virtual address, its segment_shift 28 or 40
 * @param base_shift log2 of the segment's base page size
 * @return B and AVPN, with the bits below the page size clear; V, H, L and software
 *         bits clear
 *
 * Threads: pure.
 */
HPT_API uint64_t hpt_va_avpn(const struct hpt_va *va, unsigned base_shift);

/**
 * @brief Which virtual page an entry maps: the hash undone.
 * @param entry a valid entry, classic form
 * @param ptex the index at which it stands
 * @param order log2 of the table's bytes, #HPT_ORDER_MIN to #HPT_ORDER_MAX
 * @param base_shift log2 of its base page size, from hpt_entry_page()
 * @param out receives the virtual address of the page's first byte
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_FORM: B is reserved (2 or 3), or AVPN has bits below the base
 *         page size; #HPT_ERR_PTEG: no virtual address with this AVPN hashes to the
 *         group of @p ptex, so that hardware would never find the entry;
 *         #HPT_ERR_ARGUMENT: @p order, @p base_shift (12 to 34) or @p ptex is out of range
 *
 * Threads: pure.
 */
HPT_API int hpt_entry_va(struct hpt_entry entry, uint64_t ptex, unsigned order,
			 unsigned base_shift, struct hpt_va *out,
			 struct hpt_error *err);

HPT_END_DECLS

#endif /* HPT_HPTE_H */
