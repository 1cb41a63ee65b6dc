/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A table whose memory follows its valid entries: a radix tree, 64 children a node, with
 * leaves of 64 raw entries (8 groups). Every node and leaf has a bitmap of what is in use,
 * so that iteration skips what is not. The tree is as deep as its highest index asks for.
 */

#include <stdlib.h>

#include "../core/internal.h"
#include "internal.h"

#define FAN_SHIFT 6
#define FAN 64u

struct leaf {
	uint64_t used; /* one bit for each valid entry */
	struct hpt_raw_entry entries[FAN];
};

struct node {
	uint64_t used; /* one bit for each child */
	union ref {
		struct node *node;
		struct leaf *leaf;
	} child[FAN];
};

struct hpt_sparse {
	union ref root;
	unsigned depth; /* 0: empty; 1: the root is a leaf; else levels in all */
	/* The leaf that was written last: streams write it many times in a row. */
	struct leaf *last;
	uint64_t last_index;
};

static const struct hpt_raw_entry empty_group[HPT_PTEG_ENTRIES];

struct hpt_sparse *hpt_sparse_new(void)
{
	return calloc(1, sizeof(struct hpt_sparse));
}

static void free_level(union ref ref, unsigned depth)
{
	if (depth == 1) {
		free(ref.leaf);
		return;
	}
	for (uint64_t used = ref.node->used; used; used &= used - 1)
		free_level(ref.node->child[__builtin_ctzll(used)], depth - 1);
	free(ref.node);
}

void hpt_sparse_free(struct hpt_sparse *sparse)
{
	if (!sparse)
		return;
	if (sparse->depth)
		free_level(sparse->root, sparse->depth);
	free(sparse);
}

/* Copy the subtree at @from into @to; what was copied when it fails is well-formed. */
static bool clone_level(union ref from, union ref *to, unsigned depth)
{
	if (depth == 1) {
		to->leaf = malloc(sizeof(*to->leaf));
		if (to->leaf)
			*to->leaf = *from.leaf;
		return to->leaf;
	}
	to->node = calloc(1, sizeof(*to->node));
	if (!to->node)
		return false;
	for (uint64_t used = from.node->used; used; used &= used - 1) {
		unsigned i = (unsigned)__builtin_ctzll(used);

		bool whole = clone_level(from.node->child[i], &to->node->child[i], depth - 1);

		/* What is there in part counts as used, so that it is freed. */
		if (to->node->child[i].node)
			to->node->used |= UINT64_C(1) << i;
		if (!whole)
			return false;
	}
	return true;
}

struct hpt_sparse *hpt_sparse_clone(const struct hpt_sparse *sparse)
{
	struct hpt_sparse *copy = hpt_sparse_new();

	if (!copy || !sparse->depth)
		return copy;
	if (!clone_level(sparse->root, &copy->root, sparse->depth)) {
		if (copy->root.node)
			free_level(copy->root, sparse->depth);
		free(copy);
		return NULL;
	}
	copy->depth = sparse->depth;
	return copy;
}

/* Which child of a node at @depth leads to the slot @ptex. */
static unsigned child_of(uint64_t ptex, unsigned depth)
{
	return (unsigned)(ptex >> (FAN_SHIFT * (depth - 1))) % FAN;
}

static bool beyond(const struct hpt_sparse *sparse, uint64_t ptex)
{
	return !sparse->depth || ptex >> (FAN_SHIFT * sparse->depth);
}

static struct leaf *find_leaf(const struct hpt_sparse *sparse, uint64_t ptex)
{
	union ref ref = sparse->root;

	if (beyond(sparse, ptex))
		return NULL;
	for (unsigned depth = sparse->depth; depth > 1; depth--) {
		unsigned i = child_of(ptex, depth);

		if (!(ref.node->used >> i & 1))
			return NULL;
		ref = ref.node->child[i];
	}
	return ref.leaf;
}

/* Put levels on top until the tree reaches @ptex. */
static bool grow(struct hpt_sparse *sparse, uint64_t ptex)
{
	while (beyond(sparse, ptex)) {
		struct node *node;

		if (!sparse->depth) {
			sparse->root.leaf = calloc(1, sizeof(*sparse->root.leaf));
			if (!sparse->root.leaf)
				return false;
			sparse->depth = 1;
			continue;
		}
		node = calloc(1, sizeof(*node));
		if (!node)
			return false;
		node->used = 1;
		node->child[0] = sparse->root;
		sparse->root.node = node;
		sparse->depth++;
	}
	return true;
}

static bool new_child(union ref *child, unsigned depth)
{
	if (depth == 2) {
		child->leaf = calloc(1, sizeof(*child->leaf));
		return child->leaf;
	}
	child->node = calloc(1, sizeof(*child->node));
	return child->node;
}

static struct leaf *make_leaf(struct hpt_sparse *sparse, uint64_t ptex)
{
	union ref ref;

	if (!grow(sparse, ptex))
		return NULL;
	ref = sparse->root;
	for (unsigned depth = sparse->depth; depth > 1; depth--) {
		unsigned i = child_of(ptex, depth);

		if (!(ref.node->used >> i & 1)) {
			if (!new_child(&ref.node->child[i], depth))
				return NULL;
			ref.node->used |= UINT64_C(1) << i;
		}
		ref = ref.node->child[i];
	}
	return ref.leaf;
}

static struct leaf *leaf_to_write(struct hpt_sparse *sparse, uint64_t ptex)
{
	uint64_t index = ptex / FAN;
	struct leaf *leaf;

	if (sparse->last && sparse->last_index == index)
		return sparse->last;
	leaf = make_leaf(sparse, ptex);
	if (leaf) {
		sparse->last = leaf;
		sparse->last_index = index;
	}
	return leaf;
}

/* Bits @from to @from + @n - 1, @n being 1 to 64. */
static uint64_t bits(unsigned from, unsigned n)
{
	return UINT64_MAX >> (FAN - n) << from;
}

/* How many of @n slots from @ptex lie in the leaf of @ptex. */
static unsigned in_leaf(uint64_t ptex, uint64_t n)
{
	unsigned room = FAN - (unsigned)(ptex % FAN);

	return n < room ? (unsigned)n : room;
}

static void clear_in_leaf(struct leaf *leaf, unsigned from, unsigned n)
{
	memset(leaf->entries + from, 0, n * sizeof(leaf->entries[0]));
	leaf->used &= ~bits(from, n);
}

/*
 * Clear [first, first + n), relative to the subtree at @ref of @depth, which has something
 * in it. What is not there costs nothing.
 */
static void clear_level(union ref ref, unsigned depth, uint64_t first, uint64_t n)
{
	unsigned shift = FAN_SHIFT * (depth - 1);
	uint64_t last = first + n - 1;
	unsigned from = (unsigned)(first >> shift), to = (unsigned)(last >> shift);

	if (depth == 1) {
		clear_in_leaf(ref.leaf, from, to - from + 1);
		return;
	}
	for (uint64_t used = ref.node->used & bits(from, to - from + 1); used; used &= used - 1) {
		unsigned i = (unsigned)__builtin_ctzll(used);
		uint64_t begin = (uint64_t)i << shift;
		uint64_t end = begin + (UINT64_C(1) << shift) - 1;
		uint64_t a = first > begin ? first : begin;
		uint64_t b = last < end ? last : end;

		clear_level(ref.node->child[i], depth - 1, a - begin, b - a + 1);
	}
}

static void clear_range(struct hpt_sparse *sparse, uint64_t ptex, uint64_t n)
{
	uint64_t slots;

	/* Most runs are short and lie in the leaf that was just written. */
	if (n && sparse->last && sparse->last_index == ptex / FAN && in_leaf(ptex, n) == n) {
		clear_in_leaf(sparse->last, (unsigned)(ptex % FAN), (unsigned)n);
		return;
	}
	if (!n || beyond(sparse, ptex))
		return;
	slots = UINT64_C(1) << (FAN_SHIFT * sparse->depth);
	clear_level(sparse->root, sparse->depth, ptex, n < slots - ptex ? n : slots - ptex);
}

static int no_memory(uint64_t ptex, struct hpt_error *err)
{
	return hpt_fail_ptex(err, HPT_ERR_MEMORY, ptex, "out of memory at entry %#llx",
			     (unsigned long long)ptex);
}

int hpt_sparse_apply(struct hpt_sparse *sparse, uint64_t ptex, const void *entries_be,
		     uint64_t n_valid, uint64_t n_invalid, struct hpt_error *err)
{
	const unsigned char *bytes = entries_be;

	while (n_valid) {
		unsigned from = (unsigned)(ptex % FAN), n = in_leaf(ptex, n_valid);
		struct leaf *leaf = leaf_to_write(sparse, ptex);

		if (!leaf)
			return no_memory(ptex, err);
		memcpy(leaf->entries + from, bytes, n * sizeof(leaf->entries[0]));
		for (unsigned i = 0; i < n; i++)
			((unsigned char *)&leaf->entries[from + i].v_be)[7] &=
				(unsigned char)~HPT_V_HYPERVISOR;
		leaf->used |= bits(from, n);
		bytes += (size_t)n * HPT_ENTRY_BYTES;
		ptex += n;
		n_valid -= n;
	}
	clear_range(sparse, ptex, n_invalid);
	return HPT_OK;
}

int hpt_sparse_read(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		    struct hpt_error *err)
{
	const struct hpt_sparse *sparse = ctx;

	(void)err;
	while (n) {
		unsigned part = in_leaf(ptex, n);
		const struct leaf *leaf = find_leaf(sparse, ptex);

		if (leaf)
			hpt_entries_from_bytes(leaf->entries + ptex % FAN, part, out);
		else
			memset(out, 0, part * sizeof(*out));
		out += part;
		ptex += part;
		n -= part;
	}
	return HPT_OK;
}

int hpt_sparse_write(void *ctx, uint64_t ptex, size_t n, const struct hpt_entry *in,
		     struct hpt_error *err)
{
	struct hpt_sparse *sparse = ctx;

	for (size_t i = 0; i < n; i++) {
		unsigned char bytes[HPT_ENTRY_BYTES];
		int ret;

		if (!(in[i].v & HPT_V_VALID)) {
			clear_range(sparse, ptex + i, 1);
			continue;
		}
		hpt_entries_to_bytes(&in[i], 1, bytes);
		ret = hpt_sparse_apply(sparse, ptex + i, bytes, 1, 0, err);
		if (ret)
			return ret;
	}
	return HPT_OK;
}

int hpt_sparse_clear(void *ctx, uint64_t ptex, uint64_t n, struct hpt_error *err)
{
	(void)err;
	clear_range(ctx, ptex, n);
	return HPT_OK;
}

struct walk {
	uint64_t ptex, end; /* range of slots */
	hpt_each_fn *fn;
	void *arg;
};

static int each_in_leaf(const struct leaf *leaf, uint64_t begin, const struct walk *w)
{
	struct hpt_entry entries[FAN];
	uint64_t used = leaf->used;

	if (w->ptex > begin)
		used &= UINT64_MAX << (w->ptex - begin);
	if (w->end < begin + FAN)
		used &= UINT64_MAX >> (begin + FAN - w->end);
	while (used) {
		unsigned from = (unsigned)__builtin_ctzll(used);
		uint64_t gap = ~(used >> from);
		unsigned n = gap ? (unsigned)__builtin_ctzll(gap) : FAN;

		hpt_entries_from_bytes(leaf->entries + from, n, entries);
		if (w->fn(w->arg, begin + from, n, entries))
			return HPT_ERR_STOPPED;
		used &= ~bits(from, n);
	}
	return HPT_OK;
}

static int each_level(union ref ref, unsigned depth, uint64_t begin, const struct walk *w)
{
	uint64_t step = UINT64_C(1) << (FAN_SHIFT * (depth - 1));
	int ret = HPT_OK;

	if (depth == 1)
		return each_in_leaf(ref.leaf, begin, w);
	for (uint64_t used = ref.node->used; used && !ret; used &= used - 1) {
		unsigned i = (unsigned)__builtin_ctzll(used);
		uint64_t at = begin + i * step;

		if (at + step > w->ptex && at < w->end)
			ret = each_level(ref.node->child[i], depth - 1, at, w);
	}
	return ret;
}

int hpt_sparse_each(void *ctx, uint64_t ptex, uint64_t n, hpt_each_fn *fn, void *arg,
		    struct hpt_error *err)
{
	const struct hpt_sparse *sparse = ctx;
	struct walk w = { .ptex = ptex, .end = ptex + n, .fn = fn, .arg = arg };

	(void)err;
	return sparse->depth ? each_level(sparse->root, sparse->depth, 0, &w) : HPT_OK;
}

const struct hpt_raw_entry *hpt_sparse_view(void *ctx, uint64_t ptex, size_t n)
{
	const struct leaf *leaf = find_leaf(ctx, ptex);

	(void)n;
	return leaf ? leaf->entries + ptex % FAN : empty_group + ptex % HPT_PTEG_ENTRIES;
}

static void close_sparse(void *ctx)
{
	hpt_sparse_free(ctx);
}

static const struct hpt_table_ops sparse_ops = {
	.size = sizeof(sparse_ops),
	.read = hpt_sparse_read,
	.write = hpt_sparse_write,
	.clear = hpt_sparse_clear,
	.each = hpt_sparse_each,
	.view = hpt_sparse_view,
	.close = close_sparse,
};

int hpt_sparse_table(struct hpt_sparse *sparse, unsigned order, struct hpt_table **out,
		     struct hpt_error *err)
{
	const struct hpt_table_config config = {
		.size = sizeof(config), .backend = "sparse", .order = order,
		.flags = HPT_TABLE_CONCURRENT,
	};

	return hpt_table_open(&sparse_ops, sparse, &config, out, err);
}

struct hpt_sparse *hpt_sparse_of(const struct hpt_table *table)
{
	return hpt_table_context(table, &sparse_ops);
}

int hpt_sparse_open(unsigned order, struct hpt_table **out, struct hpt_error *err)
{
	struct hpt_sparse *sparse = hpt_sparse_new();
	int ret;

	if (!sparse)
		return hpt_fail(err, HPT_ERR_MEMORY, "sparse table: out of memory");
	ret = hpt_sparse_table(sparse, order, out, err);
	if (ret)
		hpt_sparse_free(sparse);
	return ret;
}
