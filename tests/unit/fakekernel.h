/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef FAKEKERNEL_H
#define FAKEKERNEL_H

/*
 * KVM's HTAB descriptor, modelled on what Linux 6.1 was measured to do (see fakekernel.c), in
 * this host's byte order. Programs that link it wrap read(2), write(2) and close(2).
 */

#include "unit.h"

struct fake_slot {
	uint64_t v, r; /* v as the kernel keeps it: absent entries have 0x20 and no V */
	bool modified; /* the mark: one for each slot, shared by all descriptors */
};

#define FAKE_FDS 8
#define FAKE_FD_BASE 5000 /* no descriptor of this process */

struct fake_fd {
	bool open, first_pass;
	uint64_t flags, index;
};

/* What the fake is told to do wrong, once each; counted down from 1. */
struct fake_fault {
	int countdown; /* which call fails; 0: none */
	int os_errno;  /* 0: give or take only max bytes */
	size_t max;
	bool always;   /* every call from then on */
};

struct fake_kernel {
	struct fake_slot *slots;
	uint64_t n;               /* slots; 0: no table (or radix) */
	unsigned known_lp[256];   /* LP values of entries with L that H_ENTER knows */
	uint64_t refused_r;       /* real page number for which H_ENTER says no; 0: none */
	bool vcpu_runs;
	struct fake_fd fds[FAKE_FDS];
	struct fake_fault read_fault, write_fault;
	/* what was asked of it */
	unsigned opens, closes, reads, writes;
	size_t read_bytes, largest_read;
	int last_open_vm;
	unsigned marks_cleared, bad_writes; /* writes with bytes that it did not understand */
	/* replaces what a read gives: bytes and how many; used once */
	const unsigned char *garbage;
	size_t garbage_len;
};

/* The one kernel that wrapped calls reach; NULL: none. */
extern struct fake_kernel *fake_current;

void fake_init(struct fake_kernel *k, unsigned order);
void fake_free(struct fake_kernel *k);

/* As hpt_kvm_open_fn; @arg is the kernel. */
int fake_open_fd(void *arg, int vm_fd, uint64_t flags, uint64_t start, int *fd,
		 struct hpt_error *err);

/* As the system calls, -1 with errno. */
int fake_get_htab_fd(struct fake_kernel *k, uint64_t flags, uint64_t start);
ssize_t fake_read(struct fake_kernel *k, int fd, void *bytes, size_t count);
ssize_t fake_write(struct fake_kernel *k, int fd, const void *bytes, size_t count);
int fake_close(struct fake_kernel *k, int fd);

/* Put an entry in, or take one out ({0, 0}), as a guest's hypercall does. */
void fake_enter(struct fake_kernel *k, uint64_t ptex, struct hpt_entry entry);

/* The guest's view of a slot. */
struct hpt_entry fake_entry(const struct fake_kernel *k, uint64_t ptex);

uint64_t fake_count(const struct fake_kernel *k);   /* valid or absent entries */
uint64_t fake_marks(const struct fake_kernel *k);   /* slots with the mark */
unsigned fake_open_fds(const struct fake_kernel *k);

/* For tests of the backend: a table of order 18 with runs of random length, or empty (0). */
void fake_start(struct fake_kernel *k, uint64_t longest);
void fake_fill(struct fake_kernel *k, uint64_t longest);

/* The library's handle on it, and its end: every descriptor is closed, every byte made sense. */
struct hpt_table *fake_table(struct fake_kernel *k, unsigned order, uint32_t flags);
void fake_stop(struct fake_kernel *k, struct hpt_table *table);

/* A random entry that the kernel takes: 4K, or 64K in a 64K segment. */
struct hpt_entry fake_good_entry(uint64_t *seed);

#endif /* FAKEKERNEL_H */
