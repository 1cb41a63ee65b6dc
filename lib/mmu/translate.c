/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The walk as a whole: one address, and many.
 */

#include "internal.h"

#define XLATE_FLAGS (HPT_XLATE_DEBUG | HPT_XLATE_ON | HPT_XLATE_REAL | HPT_XLATE_ANY)
#define ON_AND_REAL (HPT_XLATE_ON | HPT_XLATE_REAL)
/* Addresses whose groups are fetched before the first of them is searched. */
#define BLOCK 16

const char *hpt_outcome_name(enum hpt_outcome outcome)
{
	static const char *const names[] = {
		[HPT_OUTCOME_MAPPED] = "mapped",
		[HPT_OUTCOME_NO_SEGMENT] = "no segment",
		[HPT_OUTCOME_SEGMENTS] = "several segments",
		[HPT_OUTCOME_BAD_SEGMENT] = "bad segment",
		[HPT_OUTCOME_NO_ENTRY] = "no entry",
		[HPT_OUTCOME_PROTECTION] = "protection",
		[HPT_OUTCOME_KEY] = "key",
		[HPT_OUTCOME_NO_EXECUTE] = "no execute",
		[HPT_OUTCOME_GUARDED] = "guarded",
		[HPT_OUTCOME_REAL_LIMIT] = "real mode limit",
		[HPT_OUTCOME_BAD_VRMA] = "bad VRMA",
	};

	return (unsigned)outcome < sizeof(names) / sizeof(names[0]) ? names[outcome] : NULL;
}

const char *hpt_mode_name(enum hpt_mode mode)
{
	static const char *const names[] = {
		[HPT_MODE_SEGMENT] = "segment",
		[HPT_MODE_REAL_GUEST] = "real",
		[HPT_MODE_REAL_HYPERVISOR] = "hypervisor real",
		[HPT_MODE_REAL_VRMA] = "VRMA",
		[HPT_MODE_REAL_OFFSET] = "RMOR",
	};

	return (unsigned)mode < sizeof(names) / sizeof(names[0]) ? names[mode] : NULL;
}

static void take_table(struct hpt_walk_env *env, const struct hpt_table *table)
{
	if (!table)
		return;
	env->table = table;
	env->facts = hpt_table_facts(table);
	env->order = env->facts->order;
	env->live = env->facts->flags & HPT_TABLE_LIVE;
	env->v3 = env->facts->form == HPT_FORM_V3;
}

/* What hpt_check_cpu() finds nothing wrong with, for most. */
static bool is_plain(const struct hpt_cpu *cpu)
{
	return cpu && cpu->size == sizeof(*cpu) && cpu->slb_n <= HPT_SLB_MAX &&
	       (unsigned)cpu->platform <= HPT_PLATFORM_NO_HV && cpu->sizes &&
	       cpu->sizes->n - 1 < HPT_BASE_SIZES_MAX && !cpu->linux_rule;
}

int hpt_walk_prepare(struct hpt_walk_env *env, const struct hpt_cpu *cpu,
		     const struct hpt_table *table, enum hpt_access access, uint32_t flags,
		     struct hpt_error *err)
{
	int ret = is_plain(cpu) ? HPT_OK : hpt_check_cpu(cpu, err);

	if (ret)
		return ret;
	if ((unsigned)access > HPT_ACCESS_FETCH)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "access is %d, expected 0 to %d",
				(int)access, (int)HPT_ACCESS_FETCH);
	if (flags & ~XLATE_FLAGS || (flags & ON_AND_REAL) == ON_AND_REAL)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"flags are %#x, expected of %#x, and not both of %#x", flags,
				XLATE_FLAGS, ON_AND_REAL);
	*env = (struct hpt_walk_env){ .cpu = cpu, .flags = flags };
	take_table(env, table);
	return HPT_OK;
}

/* A Linux segment of unknown base page size: the next one that fits it, or NULL. */
static const struct hpt_base_size *next_base(const struct hpt_walk_env *env,
					     const struct hpt_walk *w)
{
	const struct hpt_page_sizes *sizes = env->cpu->sizes;
	const struct hpt_base_size *base = w->base + 1;

	while (base < sizes->base + sizes->n && base->shift >= w->x.va.segment_shift)
		base++;
	return base < sizes->base + sizes->n ? base : NULL;
}

static void use_base(struct hpt_walk *w, const struct hpt_base_size *base)
{
	w->x.segment.vsid = (w->x.segment.vsid & ~HPT_SLB_LLP) | base->slb_enc;
	hpt_walk_set_base(w, base);
}

static int search_any_base(const struct hpt_walk_env *env, struct hpt_walk *w, bool *found,
			   struct hpt_error *err)
{
	const struct hpt_base_size *first = w->base, *base;
	int ret = HPT_OK;

	for (base = first; base && !ret && !*found; base = next_base(env, w)) {
		use_base(w, base);
		ret = hpt_walk_search(env, w, found, err);
		if (*found)
			return ret;
	}
	use_base(w, first);
	return ret;
}

int hpt_walk_finish(const struct hpt_walk_env *env, struct hpt_walk *w, struct hpt_error *err)
{
	bool found = false;
	int ret;

	if (!w->search)
		return HPT_OK;
	if (w->any_base)
		ret = search_any_base(env, w, &found, err);
	else
		ret = hpt_walk_search(env, w, &found, err);
	if (ret)
		return ret;
	if (found)
		hpt_walk_protect(env, &w->x);
	else
		hpt_walk_fault(env->cpu, &w->x, HPT_OUTCOME_NO_ENTRY, 0);
	return HPT_OK;
}

int hpt_walk_or_fetch(const struct hpt_walk_env *env, uint64_t ea, enum hpt_access access,
		      struct hpt_walk *w, struct hpt_error *err)
{
	struct hpt_walk fetch;
	int ret;

	if (!(env->flags & HPT_XLATE_ANY) || access == HPT_ACCESS_FETCH ||
	    w->x.outcome == HPT_OUTCOME_MAPPED)
		return HPT_OK;
	hpt_walk_begin(env, ea, HPT_ACCESS_FETCH, &fetch);
	ret = hpt_walk_finish(env, &fetch, err);
	if (!ret && fetch.x.outcome == HPT_OUTCOME_MAPPED)
		*w = fetch;
	return ret;
}

int hpt_walk(const struct hpt_walk_env *env, uint64_t ea, enum hpt_access access,
	     struct hpt_walk *w, struct hpt_error *err)
{
	int ret;

	hpt_walk_begin(env, ea, access, w);
	ret = hpt_walk_finish(env, w, err);
	return ret ? ret : hpt_walk_or_fetch(env, ea, access, w, err);
}

static int check_out(const void *out, struct hpt_error *err)
{
	return hpt_check_struct_size(out, sizeof(struct hpt_translation), "hpt_translation",
				     err);
}

/* May the short way be gone? What it relies on, but for what hpt_walk_prepare() checks. */
static bool is_usual(const struct hpt_table_facts *facts, const struct hpt_cpu *cpu,
		     enum hpt_access access, uint32_t flags)
{
	uint64_t on = access == HPT_ACCESS_FETCH ? HPT_MSR_IR : HPT_MSR_DR;

	if (!facts->base || facts->flags & HPT_TABLE_LIVE || flags & HPT_XLATE_REAL)
		return false;
	return flags & HPT_XLATE_ON || cpu->msr & on;
}

/* Answers are made where they go. */
static bool is_aligned(const struct hpt_translation *out)
{
	return (uintptr_t)out % _Alignof(struct hpt_translation) == 0;
}

/* Its call is the last thing it does, so that it needs no room on the stack. */
static inline int translate_usual(const struct hpt_cpu *cpu, const struct hpt_table *table,
				  uint64_t ea, enum hpt_access access, uint32_t flags,
				  struct hpt_translation *out, struct hpt_error *err)
{
	const struct hpt_table_facts *facts = hpt_table_facts(table);

	if (!is_usual(facts, cpu, access, flags))
		return hpt_translate_whole(cpu, table, ea, access, flags, out, err);
	if (facts->avx2)
		return hpt_usual_any_avx2(cpu, facts, ea, access, flags, out, err);
	return hpt_usual_any(cpu, facts, ea, access, flags, out, err);
}

int hpt_translate_whole(const struct hpt_cpu *cpu, const struct hpt_table *table, uint64_t ea,
			enum hpt_access access, uint32_t flags, struct hpt_translation *out,
			struct hpt_error *err)
{
	struct hpt_walk_env env;
	struct hpt_walk w;
	int ret = hpt_walk_prepare(&env, cpu, table, access, flags, err);

	if (!ret)
		ret = check_out(out, err);
	if (!ret)
		ret = hpt_walk(&env, ea, access, &w, err);
	if (ret)
		return ret;
	return hpt_result_out(out, sizeof(w.x), &w.x, sizeof(w.x), "hpt_translation", err);
}

/* All but the CPU is sound. */
static __attribute__((noinline)) int
check_and_translate(const struct hpt_cpu *cpu, const struct hpt_table *table, uint64_t ea,
		    enum hpt_access access, uint32_t flags, struct hpt_translation *out,
		    struct hpt_error *err)
{
	int ret = hpt_check_cpu(cpu, err);

	return ret ? ret : translate_usual(cpu, table, ea, access, flags, out, err);
}

int hpt_translate_any(const struct hpt_cpu *cpu, const struct hpt_table *table, uint64_t ea,
		      enum hpt_access access, uint32_t flags, struct hpt_translation *out,
		      struct hpt_error *err)
{
	if (!out || !is_aligned(out) || out->size < sizeof(*out) ||
	    (unsigned)access > HPT_ACCESS_FETCH || flags & ~XLATE_FLAGS)
		return hpt_translate_whole(cpu, table, ea, access, flags, out, err);
	if (!is_plain(cpu))
		return check_and_translate(cpu, table, ea, access, flags, out, err);
	return translate_usual(cpu, table, ea, access, flags, out, err);
}

int hpt_translate(const struct hpt_cpu *cpu, const struct hpt_table *table, uint64_t ea,
		  enum hpt_access access, uint32_t flags, struct hpt_translation *out,
		  struct hpt_error *err)
{
	const struct hpt_table_facts *facts = hpt_table_facts(table);
	uint32_t how = flags | (uint32_t)access << HPT_QUICK_ACCESS_SHIFT;

	if (!table)
		return hpt_translate_whole(cpu, table, ea, access, flags, out, err);
	if ((unsigned)access > HPT_ACCESS_FETCH || flags & ~HPT_QUICK_FLAGS)
		return hpt_translate_any(cpu, table, ea, access, flags, out, err);
	if (facts->avx2)
		return hpt_usual_one_avx2(cpu, facts, ea, how, out, err);
	return hpt_usual_one(cpu, facts, ea, how, out, err);
}

/* An error of one address among many says which. */
static int with_address(int ret, uint64_t ea, struct hpt_error *err)
{
	if (ret && err && !(err->has & HPT_ERROR_HAS_ADDRESS)) {
		err->has |= HPT_ERROR_HAS_ADDRESS;
		err->address = ea;
	}
	return ret;
}

/* Answers in an array whose elements have the caller's size. */
struct answers {
	unsigned char *next;
	size_t stride;
};

static void put_answer(struct answers *a, const struct hpt_translation *x)
{
	struct hpt_translation head = *x;

	head.size = a->stride;
	memcpy(a->next, &head, sizeof(head));
	a->next += a->stride;
}

/* At most BLOCK addresses: all segments and hashes, all groups on their way, then each. */
static int translate_block(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
			   enum hpt_access access, struct answers *a, struct hpt_error *err)
{
	struct hpt_walk walks[BLOCK];

	for (size_t i = 0; i < n; i++) {
		hpt_walk_begin(env, ea[i], access, &walks[i]);
		hpt_walk_prefetch(env, &walks[i]);
	}
	for (size_t i = 0; i < n; i++) {
		int ret = hpt_walk_finish(env, &walks[i], err);

		if (!ret)
			ret = hpt_walk_or_fetch(env, ea[i], access, &walks[i], err);
		if (ret)
			return with_address(ret, ea[i], err);
		put_answer(a, &walks[i].x);
	}
	return HPT_OK;
}

int hpt_translate_many(const struct hpt_cpu *cpu, const struct hpt_table *table,
		       const uint64_t *ea, size_t n, enum hpt_access access, uint32_t flags,
		       struct hpt_translation *out, struct hpt_error *err)
{
	struct hpt_walk_env env;
	struct answers a;
	int ret = hpt_walk_prepare(&env, cpu, table, access, flags, err);

	if (ret || !n)
		return ret;
	if (!ea)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "addresses: NULL");
	ret = check_out(out, err);
	if (ret)
		return ret;
	if (table && is_usual(env.facts, cpu, access, flags) && is_aligned(out) &&
	    out->size % _Alignof(struct hpt_translation) == 0) {
		if (env.facts->avx2)
			hpt_usual_many_avx2(&env, ea, n, access, out);
		else
			hpt_usual_many(&env, ea, n, access, out);
		return HPT_OK;
	}
	a = (struct answers){ (unsigned char *)out, out->size };
	for (size_t part; n && !ret; n -= part, ea += part) {
		part = n < BLOCK ? n : BLOCK;
		ret = translate_block(&env, ea, part, access, &a, err);
	}
	return ret;
}
