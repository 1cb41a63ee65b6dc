/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TABLE_INTERNAL_H
#define HPT_TABLE_INTERNAL_H

#include <stdbool.h>

#include <hpt/memory.h>
#include <hpt/stream.h>
#include <hpt/table.h>

/* The context of a table that was opened with exactly @ops, else NULL. */
void *hpt_table_context(const struct hpt_table *table, const struct hpt_table_ops *ops);

/*
 * Is a view of this table the table's own memory, writable, in which doubleword 1 may be
 * exchanged where it lies? Only hpt_memory_open() says so: a view of any other backend may be
 * a copy, or mapped for reading.
 */
void hpt_table_set_in_place(struct hpt_table *table);
bool hpt_table_in_place(const struct hpt_table *table);

/* What a walk asks of a table, at once. */
struct hpt_table_facts {
	uint32_t order;
	uint32_t flags; /* HPT_TABLE_* */
	enum hpt_form form;
	bool avx2; /* hpt_have_avx2(), and: */
	/* All raw entries, where they lie in one piece in this process: hpt_memory_open(). */
	const struct hpt_raw_entry *base;
	/* The same where they are private memory in the classic form, else NULL. */
	const struct hpt_raw_entry *quick;
	uint64_t group_mask; /* bits of a group's offset in bytes */
};

/* They are what a table begins with. */
static inline const struct hpt_table_facts *hpt_table_facts(const struct hpt_table *table)
{
	return (const struct hpt_table_facts *)(const void *)table;
}

static inline const struct hpt_table *hpt_table_of(const struct hpt_table_facts *facts)
{
	return (const struct hpt_table *)(const void *)facts;
}

void hpt_table_set_base(struct hpt_table *table, const struct hpt_raw_entry *base, bool avx2);

/* Raw entries in one piece of private memory. */
struct hpt_blocks {
	const struct hpt_raw_entry *base;
	bool v3;
	bool avx2;
};

/* hpt_table_each_block() for them, without a text when it is stopped. */
int hpt_blocks_each(const struct hpt_blocks *b, uint64_t ptex, uint64_t n, hpt_block_fn *fn,
		    void *arg);

/* Has the backend an each_block of its own? */
bool hpt_has_own_blocks(const struct hpt_table *table);
/* What it does, in a range that was checked and is not empty. */
int hpt_own_blocks_each(const struct hpt_table *table, uint64_t ptex, uint64_t n,
			hpt_block_fn *fn, void *arg, struct hpt_error *err);

/* The range of an iteration checked, its end put in for UINT64_MAX. */
int hpt_each_range(const struct hpt_table *table, uint64_t ptex, uint64_t *n,
		   struct hpt_error *err);
/* Fill @err and return HPT_ERR_STOPPED. */
int hpt_each_stopped(struct hpt_error *err);

/*
 * The sparse store by itself: slots that were never written cost nothing. It has no size of
 * its own (a slot's index may be anything below 2^42), so that a stream can be taken in
 * before its order is known.
 */
struct hpt_sparse;

struct hpt_sparse *hpt_sparse_new(void);
void hpt_sparse_free(struct hpt_sparse *sparse);

/* A copy of a store; NULL when there is no memory for it. */
struct hpt_sparse *hpt_sparse_clone(const struct hpt_sparse *sparse);

/*
 * Apply @n_valid raw big-endian entries (any alignment) at @ptex, then make the @n_invalid
 * slots after them invalid. HPT_ERR_MEMORY, with the first slot that was not written.
 */
int hpt_sparse_apply(struct hpt_sparse *sparse, uint64_t ptex, const void *entries_be,
		     uint64_t n_valid, uint64_t n_invalid, struct hpt_error *err);

/* A table on a store. The table owns the store from then on. */
int hpt_sparse_table(struct hpt_sparse *sparse, unsigned order, struct hpt_table **out,
		     struct hpt_error *err);

/* The store of such a table, or NULL when it is another kind of table. */
struct hpt_sparse *hpt_sparse_of(const struct hpt_table *table);

/* The operations of tables on a store, for backends that add to them. */
int hpt_sparse_read(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		    struct hpt_error *err);
int hpt_sparse_write(void *ctx, uint64_t ptex, size_t n, const struct hpt_entry *in,
		     struct hpt_error *err);
int hpt_sparse_clear(void *ctx, uint64_t ptex, uint64_t n, struct hpt_error *err);
int hpt_sparse_each(void *ctx, uint64_t ptex, uint64_t n, hpt_each_fn *fn, void *arg,
		    struct hpt_error *err);
const struct hpt_raw_entry *hpt_sparse_view(void *ctx, uint64_t ptex, size_t n);

/* Raw entries of either form in: as hpt_entries_from_bytes(). */
void hpt_entries_take_in(const void *bytes_be, size_t n, bool v3, struct hpt_entry *out);

/*
 * An entry out, in either form; one without V becomes zeros. HPT_ERR_FORM, with @ptex, when
 * it does not fit the ISA 3.0 form.
 */
int hpt_entry_put_out(const struct hpt_entry *in, uint64_t ptex, bool v3,
		      struct hpt_raw_entry *raw, struct hpt_error *err);

/*
 * Read @n entries by @read, which may fail half-way, so that @out is touched only when all
 * are there: through the stack, or for many through the heap (HPT_ERR_MEMORY).
 */
typedef int hpt_part_fn(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
			struct hpt_error *err);
int hpt_read_whole(hpt_part_fn *read, void *ctx, uint64_t ptex, size_t n,
		   struct hpt_entry *out, struct hpt_error *err);

/* The flags that hpt/memory.h allows? HPT_ERR_ARGUMENT if not. */
int hpt_memory_options_in(struct hpt_memory_options *to, const struct hpt_memory_options *from,
			  struct hpt_error *err);

#endif /* HPT_TABLE_INTERNAL_H */
