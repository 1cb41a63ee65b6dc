/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

/* Every kind of table, opened empty, of order 18; the suite of conformance.c runs over each. */

#include "unit.h"

struct rig {
	struct hpt_table *table;
	void *memory;       /* behind the table, if any */
	void *more;         /* whatever else closes with it */
};

struct backend {
	const char *name;   /* in this table of backends */
	const char *backend; /* as hpt_table_info() names it */
	uint32_t flags;     /* as hpt_table_info() says */
	enum hpt_form form;
	void (*open)(struct rig *rig, const struct backend *b);
	void (*close)(struct rig *rig);
	/* what all slots hold, by another way than the library's; NULL: there is none */
	void (*truth)(struct rig *rig, struct hpt_entry *out);
	uint32_t option;    /* for the opening function */
	bool other;         /* likewise */
};

extern const struct backend backends[];
extern const size_t n_backends;

/* Open backend @b for reading only, on what @rig holds; NULL where there is no such thing. */
struct hpt_table *open_read_only(struct rig *rig, const struct backend *b);

/* KVM's tables: a fake kernel's, or the real one's where that is (tests/system). */
extern const bool kvm_only_one; /* there cannot be two at once */
void kvm_start(struct rig *rig, uint32_t flags);
struct hpt_table *kvm_again(struct rig *rig, uint32_t flags); /* another handle on it */
void kvm_truth(struct rig *rig, struct hpt_entry *out);
void kvm_end(struct rig *rig);

#endif /* CONFORMANCE_H */
