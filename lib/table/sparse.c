/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A table whose memory follows its valid entries: a radix tree, 64 children a node, with
 * leaves of 64 slots whose groups of 8 come one by one. Every node and leaf has a bitmap of
 * what is in use, so that iteration skips what is not, and a node has room only for the
 * children that it has: a hostile stream that names slots far apart must not cost much more
 * than its own bytes. The tree is as deep as its highest index asks for.
 */

#include <stdlib.h>

#include "../core/internal.h"
#include "internal.h"

#define FAN_SHIFT 6
#define FAN 64u
#define GROUPS (FAN / HPT_PTEG_ENTRIES)

struct leaf {
	uint64_t used; /* one bit for each valid entry */
	struct hpt_raw_entry *group[GROUPS];
};

union ref {
	struct node *node;
	struct leaf *leaf;
};

struct node {
	uint64_t used;    /* one bit for each child */
	union ref *child; /* those children, in their order */
	unsigned room;    /* of child: a power of two */
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

/* How many of a node's children come before number @i: its place in the array. */
static unsigned place_of(const struct node *node, unsigned i)
{
	return (unsigned)__builtin_popcountll(node->used & ((UINT64_C(1) << i) - 1));
}

static unsigned children(const struct node *node)
{
	return (unsigned)__builtin_popcountll(node->used);
}

static void free_leaf(struct leaf *leaf)
{
	for (unsigned i = 0; i < GROUPS; i++)
		free(leaf->group[i]);
	free(leaf);
}

static void free_level(union ref ref, unsigned depth)
{
	if (depth == 1) {
		free_leaf(ref.leaf);
		return;
	}
	for (unsigned i = 0; i < children(ref.node); i++)
		free_level(ref.node->child[i], depth - 1);
	free(ref.node->child);
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

static bool clone_leaf(const struct leaf *from, union ref *to)
{
	to->leaf = calloc(1, sizeof(*to->leaf));
	if (!to->leaf)
		return false;
	to->leaf->used = from->used;
	for (unsigned i = 0; i < GROUPS; i++) {
		size_t size = HPT_PTEG_ENTRIES * sizeof(struct hpt_raw_entry);

		if (!from->group[i])
			continue;
		to->leaf->group[i] = malloc(size);
		if (!to->leaf->group[i])
			return false;
		memcpy(to->leaf->group[i], from->group[i], size);
	}
	return true;
}

/*
 * Copy the subtree at @from into @to. What is there when it fails is well-formed: children
 * are counted as used one by one, the last of them perhaps a part.
 */
static bool clone_level(union ref from, union ref *to, unsigned depth)
{
	unsigned n;

	if (depth == 1)
		return clone_leaf(from.leaf, to);
	to->node = calloc(1, sizeof(*to->node));
	if (!to->node)
		return false;
	n = children(from.node);
	to->node->child = calloc(n ? n : 1, sizeof(*to->node->child));
	if (!to->node->child)
		return false;
	to->node->room = n;
	n = 0;
	for (uint64_t used = from.node->used; used; used &= used - 1, n++) {
		bool whole = clone_level(from.node->child[n], &to->node->child[n], depth - 1);

		if (to->node->child[n].node)
			to->node->used |= used & -used;
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
		ref = ref.node->child[place_of(ref.node, i)];
	}
	return ref.leaf;
}

/* Give a node the child @i, which it does not have yet. */
static bool insert_child(struct node *node, unsigned i, union ref child)
{
	unsigned n = children(node), at = place_of(node, i);

	if (n == node->room) {
		unsigned room = n ? 2 * n : 1;
		union ref *bigger = realloc(node->child, room * sizeof(*bigger));

		if (!bigger)
			return false;
		node->child = bigger;
		node->room = room;
	}
	memmove(node->child + at + 1, node->child + at, (n - at) * sizeof(child));
	node->child[at] = child;
	node->used |= UINT64_C(1) << i;
	return true;
}

static union ref new_level(unsigned depth)
{
	union ref ref;

	if (depth == 1)
		ref.leaf = calloc(1, sizeof(*ref.leaf));
	else
		ref.node = calloc(1, sizeof(*ref.node));
	return ref;
}

/* The first root, as deep as @ptex asks for. */
static bool plant(struct hpt_sparse *sparse, uint64_t ptex)
{
	unsigned depth = 1;

	while (ptex >> (FAN_SHIFT * depth))
		depth++;
	sparse->root = new_level(depth);
	if (!sparse->root.node)
		return false;
	sparse->depth = depth;
	return true;
}

/* Put levels on top until the tree reaches @ptex. */
static bool grow(struct hpt_sparse *sparse, uint64_t ptex)
{
	if (!sparse->depth)
		return plant(sparse, ptex);
	while (beyond(sparse, ptex)) {
		union ref root = new_level(sparse->depth + 1);

		if (!root.node)
			return false;
		if (!insert_child(root.node, 0, sparse->root)) {
			free(root.node);
			return false;
		}
		sparse->root = root;
		sparse->depth++;
	}
	return true;
}

/* Give a node the child @i, an empty leaf or node. */
static bool add_child(struct node *node, unsigned i, unsigned depth)
{
	union ref child = new_level(depth - 1);

	if (!child.node)
		return false;
	if (insert_child(node, i, child))
		return true;
	free(child.node);
	return false;
}

static struct leaf *make_leaf(struct hpt_sparse *sparse, uint64_t ptex)
{
	union ref ref;

	if (!grow(sparse, ptex))
		return NULL;
	ref = sparse->root;
	for (unsigned depth = sparse->depth; depth > 1; depth--) {
		unsigned i = child_of(ptex, depth);

		if (!(ref.node->used >> i & 1) && !add_child(ref.node, i, depth))
			return NULL;
		ref = ref.node->child[place_of(ref.node, i)];
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

/* How many of @n slots from slot @at lie in its group. */
static unsigned in_group(unsigned at, unsigned n)
{
	unsigned room = HPT_PTEG_ENTRIES - at % HPT_PTEG_ENTRIES;

	return n < room ? n : room;
}

static void clear_in_leaf(struct leaf *leaf, unsigned from, unsigned n)
{
	leaf->used &= ~bits(from, n);
	for (unsigned part; n; from += part, n -= part) {
		struct hpt_raw_entry *group = leaf->group[from / HPT_PTEG_ENTRIES];

		part = in_group(from, n);
		if (group)
			memset(group + from % HPT_PTEG_ENTRIES, 0, part * sizeof(*group));
	}
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
		unsigned i = (unsigned)__builtin_ctzll(used), at = place_of(ref.node, i);
		uint64_t begin = (uint64_t)i << shift;
		uint64_t end = begin + (UINT64_C(1) << shift) - 1;
		uint64_t a = first > begin ? first : begin;
		uint64_t b = last < end ? last : end;

		clear_level(ref.node->child[at], depth - 1, a - begin, b - a + 1);
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

/* Put @n raw entries into a leaf from slot @from on, all in one group. */
static bool put_in_group(struct leaf *leaf, unsigned from, unsigned n, const void *bytes)
{
	struct hpt_raw_entry **group = &leaf->group[from / HPT_PTEG_ENTRIES];
	struct hpt_raw_entry *to;

	if (!*group)
		*group = calloc(HPT_PTEG_ENTRIES, sizeof(**group));
	if (!*group)
		return false;
	to = *group + from % HPT_PTEG_ENTRIES;
	memcpy(to, bytes, n * sizeof(*to));
	for (unsigned i = 0; i < n; i++)
		((unsigned char *)&to[i].v_be)[7] &= (unsigned char)~HPT_V_HYPERVISOR;
	leaf->used |= bits(from, n);
	return true;
}

int hpt_sparse_apply(struct hpt_sparse *sparse, uint64_t ptex, const void *entries_be,
		     uint64_t n_valid, uint64_t n_invalid, struct hpt_error *err)
{
	const unsigned char *bytes = entries_be;

	while (n_valid) {
		unsigned from = (unsigned)(ptex % FAN);
		unsigned n = in_group(from, in_leaf(ptex, n_valid));
		struct leaf *leaf = leaf_to_write(sparse, ptex);

		if (!leaf || !put_in_group(leaf, from, n, bytes))
			return no_memory(ptex, err);
		bytes += (size_t)n * HPT_ENTRY_BYTES;
		ptex += n;
		n_valid -= n;
	}
	clear_range(sparse, ptex, n_invalid);
	return HPT_OK;
}

/* Take @n entries of a leaf in from slot @from on. */
static void take_from_leaf(const struct leaf *leaf, unsigned from, unsigned n,
			   struct hpt_entry *out)
{
	for (unsigned part; n; from += part, n -= part, out += part) {
		const struct hpt_raw_entry *group = leaf->group[from / HPT_PTEG_ENTRIES];

		part = in_group(from, n);
		if (group)
			hpt_entries_from_bytes(group + from % HPT_PTEG_ENTRIES, part, out);
		else
			memset(out, 0, part * sizeof(*out));
	}
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
			take_from_leaf(leaf, (unsigned)(ptex % FAN), part, out);
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

		take_from_leaf(leaf, from, n, entries);
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
			ret = each_level(ref.node->child[place_of(ref.node, i)], depth - 1, at,
					 w);
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
	const struct hpt_raw_entry *group = NULL;

	(void)n;
	if (leaf)
		group = leaf->group[ptex % FAN / HPT_PTEG_ENTRIES];
	return (group ? group : empty_group) + ptex % HPT_PTEG_ENTRIES;
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
