/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_MMU_INTERNAL_H
#define HPT_MMU_INTERNAL_H

#include <hpt/mmu.h>

#include "../core/internal.h"
#include "../core/match.h"
#include "../table/internal.h"

#define SEGMENT_256M 28
#define SEGMENT_1T 40
#define ULL(x) ((unsigned long long)(x))

/* What of doubleword 0 says which page it is for, in either form. */
#define HPT_COMPARED (HPT_V_B | HPT_V_AVPN | HPT_V_SECONDARY | HPT_V_VALID)
#define HPT_COMPARED_V3 (HPT_V3_V_AVPN | HPT_V_SECONDARY | HPT_V_VALID)

/* How often a live entry is read, or a lost race run again. */
#define HPT_MMU_ATTEMPTS 1000

/* Is @p a structure that begins with its size, of at least @known bytes, with no tail? */
int hpt_check_struct(const void *p, size_t known, const char *what, struct hpt_error *err);

/* A result structure, whose tail may be anything, with at least @known bytes? */
int hpt_check_struct_size(const void *p, size_t known, const char *what,
			  struct hpt_error *err);

/* The CPU makes sense? What every walk relies on. */
int hpt_check_cpu(const struct hpt_cpu *cpu, struct hpt_error *err);
int hpt_check_linux(const struct hpt_linux *rule, const struct hpt_page_sizes *sizes,
		    struct hpt_error *err);

/* What the levels of the architecture have. */
static inline bool hpt_has_vpm(const struct hpt_cpu *cpu)
{
	return cpu->isa >= HPT_ISA_2_06;
}

static inline bool hpt_has_keys(const struct hpt_cpu *cpu)
{
	return cpu->isa >= HPT_ISA_2_06;
}

static inline bool hpt_has_fetch_keys(const struct hpt_cpu *cpu)
{
	return cpu->isa >= HPT_ISA_2_07;
}

static inline bool hpt_has_1t(const struct hpt_cpu *cpu)
{
	return cpu->isa >= HPT_ISA_2_05 || cpu->sizes->flags & HPT_SIZES_1T;
}

static inline bool hpt_lpcr_has(const struct hpt_cpu *cpu, uint64_t bit)
{
	return hpt_has_vpm(cpu) && cpu->lpcr & bit;
}

/* log2 of the bytes of a segment, 28 or 40; 0: B is reserved. */
static inline unsigned hpt_slb_shift(uint64_t vsid_word)
{
	uint64_t b = vsid_word >> HPT_SLB_B_SHIFT;

	return b > 1 ? 0 : b ? SEGMENT_1T : SEGMENT_256M;
}

/* For constants, too. */
#define HPT_LOW_BITS(n) ((UINT64_C(1) << (n)) - 1)

static inline uint64_t hpt_low_bits(unsigned n)
{
	return HPT_LOW_BITS(n);
}

/* The base page size that an SLB entry's L and LP name, or NULL. */
const struct hpt_base_size *hpt_base_of(const struct hpt_page_sizes *sizes, uint64_t llp);
const struct hpt_base_size *hpt_base_of_shift(const struct hpt_page_sizes *sizes,
					      unsigned shift);

/* What became of an SLB entry, leaving others aside. */
static inline enum hpt_segment_reason
hpt_slb_match(const struct hpt_cpu *cpu, const struct hpt_slb_entry *entry, uint64_t ea)
{
	unsigned shift = hpt_slb_shift(entry->vsid);

	if (!(entry->esid & HPT_SLB_VALID))
		return HPT_SEGMENT_INVALID;
	if (!shift || (shift == SEGMENT_1T && !hpt_has_1t(cpu)))
		return HPT_SEGMENT_RESERVED;
	/* ESID bits below a 1T segment's size are not compared. */
	return (entry->esid ^ ea) >> shift ? HPT_SEGMENT_ESID : HPT_SEGMENT_MATCH;
}

/* The kind of mapping at an address, in a Linux guest. */
struct hpt_linux_segment {
	struct hpt_slb_entry entry; /* without L and LP */
	uint32_t base_shift;        /* 0: not known */
};

/* False: Linux has no segment there. The rule has been checked. */
bool hpt_linux_find(const struct hpt_linux *rule, uint64_t ea, struct hpt_linux_segment *out);

/* What all walks of one call have in common. */
struct hpt_walk_env {
	const struct hpt_cpu *cpu;
	const struct hpt_table *table;       /* or NULL */
	uint32_t flags;                      /* HPT_XLATE_* */
	const struct hpt_table_facts *facts; /* of it, or NULL */
	unsigned order;
	bool live;
	bool v3; /* form of views */
};

/* A walk between its steps. */
struct hpt_walk {
	struct hpt_translation x; /* what is known so far */
	const struct hpt_base_size *base;
	bool search;   /* the table must be searched; else x is whole */
	bool any_base; /* a Linux segment whose base page size is not known */
	bool linux_segment;
	/* Where the entry was found, when through a view, and doubleword 1 as read. */
	const struct hpt_raw_entry *raw;
	struct hpt_be64 r_be;
};

int hpt_walk_prepare(struct hpt_walk_env *env, const struct hpt_cpu *cpu,
		     const struct hpt_table *table, enum hpt_access access, uint32_t flags,
		     struct hpt_error *err);

/* The segment and the hash, or the end. */
void hpt_walk_begin(const struct hpt_walk_env *env, uint64_t ea, enum hpt_access access,
		    struct hpt_walk *w);

/* What hpt_walk_begin() has left to do. */
int hpt_walk_finish(const struct hpt_walk_env *env, struct hpt_walk *w, struct hpt_error *err);

/* The whole, with HPT_XLATE_ANY. */
int hpt_walk(const struct hpt_walk_env *env, uint64_t ea, enum hpt_access access,
	     struct hpt_walk *w, struct hpt_error *err);

/* hpt_translate() the long way. */
int hpt_translate_whole(const struct hpt_cpu *cpu, const struct hpt_table *table, uint64_t ea,
			enum hpt_access access, uint32_t flags, struct hpt_translation *out,
			struct hpt_error *err);

/* hpt_translate(), where the quick way has found anything out of the way. */
int hpt_translate_any(const struct hpt_cpu *cpu, const struct hpt_table *table, uint64_t ea,
		      enum hpt_access access, uint32_t flags, struct hpt_translation *out,
		      struct hpt_error *err);

/*
 * The short way, for one address or many: where translation is on and the table lies in
 * private memory, which is what hpt_translate() and hpt_translate_many() make sure of. It
 * cannot fail; what it cannot tell it leaves to the long way.
 */
typedef int hpt_usual_fn(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
			 uint64_t ea, enum hpt_access access, uint32_t flags,
			 struct hpt_translation *out, struct hpt_error *err);

hpt_usual_fn hpt_usual_any;
/*
 * One address, of which nothing was checked but that there is a table, and what stands in @how:
 * some of HPT_QUICK_FLAGS, and the access.
 */
typedef int hpt_quick_fn(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
			 uint64_t ea, uint32_t how, struct hpt_translation *out,
			 struct hpt_error *err);
#define HPT_QUICK_FLAGS (HPT_XLATE_ON | HPT_XLATE_DEBUG | HPT_XLATE_ANY)
#define HPT_QUICK_ACCESS_SHIFT 8
_Static_assert(HPT_QUICK_FLAGS < 1u << HPT_QUICK_ACCESS_SHIFT, "bits");

hpt_quick_fn hpt_usual_one;
void hpt_usual_many(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
		    enum hpt_access access, struct hpt_translation *out);
/* The same, where hpt_table_facts::avx2 says so. */
#ifndef HPT_HAVE_AVX2
#define hpt_usual_any_avx2 hpt_usual_any
#define hpt_usual_one_avx2 hpt_usual_one
#define hpt_usual_many_avx2 hpt_usual_many
#else
hpt_usual_fn hpt_usual_any_avx2;
hpt_quick_fn hpt_usual_one_avx2;
void hpt_usual_many_avx2(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
			 enum hpt_access access, struct hpt_translation *out);
#endif

/* HPT_XLATE_ANY: the walk of @access has ended in a fault; may a fetch end better? */
int hpt_walk_or_fetch(const struct hpt_walk_env *env, uint64_t ea, enum hpt_access access,
		      struct hpt_walk *w, struct hpt_error *err);

/* Take a base page size: the hash and what else follows from it. */
void hpt_walk_set_base(struct hpt_walk *w, const struct hpt_base_size *base);

/* Both groups, for w->base; finds at most one entry. */
int hpt_walk_search(const struct hpt_walk_env *env, struct hpt_walk *w, bool *found,
		    struct hpt_error *err);

/* Have the processor fetch what hpt_walk_search() will look at. */
void hpt_walk_prefetch(const struct hpt_walk_env *env, const struct hpt_walk *w);

/* Index of the first entry of the walk's primary or secondary group. */
uint64_t hpt_walk_group(const struct hpt_walk_env *env, const struct hpt_walk *w,
			bool secondary);

/* Protection, taken apart. */
struct hpt_protection {
	uint8_t key_bit;
	uint8_t amr_bits;
	uint8_t iamr_bits;
	uint8_t pp_allows;
	uint8_t allowed;
	uint8_t denied; /* of the walk's access */
};

void hpt_protection_of(const struct hpt_cpu *cpu, const struct hpt_translation *x,
		       struct hpt_protection *out);

/* Protection of an entry that was found; the answer is whole then. */
void hpt_walk_protect(const struct hpt_walk_env *env, struct hpt_translation *x);

/* The access is denied, as @x says: a fault, unless @flags say that nothing forbids it. */
void hpt_walk_denied(const struct hpt_cpu *cpu, uint32_t flags, struct hpt_translation *x);

/* End a walk in a fault: sets the outcome, the interrupt and its registers. */
void hpt_walk_fault(const struct hpt_cpu *cpu, struct hpt_translation *x,
		    enum hpt_outcome outcome, uint8_t denied);

#endif /* HPT_MMU_INTERNAL_H */
