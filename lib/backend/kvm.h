/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_BACKEND_KVM_H
#define HPT_BACKEND_KVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <hpt/kvm.h>
#include <hpt/stream.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define HPT_HOST_ORDER HPT_BIG_ENDIAN
#else
#define HPT_HOST_ORDER HPT_LITTLE_ENDIAN
#endif

#define ULL(x) ((unsigned long long)(x))

struct hpt_kvm {
	int vm_fd;
	unsigned order;
	uint64_t slots;
	hpt_kvm_open_fn *open_fd;
	void *arg;
	bool bolted_only;
	unsigned char *buffer; /* one call's bytes */
	size_t room;
	/* hpt_table_next_change(): a descriptor that stays open, and what it gave. */
	struct {
		int fd; /* -1: none yet */
		struct hpt_decoder d;
		unsigned char *buffer;
		size_t begin, end;     /* bytes in it that were not decoded yet */
		struct hpt_run run;    /* what of the last run was not given yet */
		uint64_t given;        /* slots given in this pass */
		uint32_t pass;         /* number of the pass, from 0 */
		bool pass_ended;       /* it was said that the pass ended */
	} changes;
};

int hpt_kvm_get_fd(struct hpt_kvm *k, uint64_t flags, uint64_t start, int *fd,
		   struct hpt_error *err);
/* read(2) without EINTR; negative: @err is filled with HPT_ERR_SYSTEM. */
ssize_t hpt_kvm_read_fd(int fd, void *bytes, size_t len, struct hpt_error *err);
/* A decoder of this host's dialect and this table's order. */
int hpt_kvm_decoder(const struct hpt_kvm *k, struct hpt_decoder *d, struct hpt_error *err);
/* A decoder's error as one of hpt_kvm_open(). */
int hpt_kvm_decode_error(int code, struct hpt_error *err);

int hpt_kvm_write(void *ctx, uint64_t ptex, size_t n, const struct hpt_entry *in,
		  struct hpt_error *err);
int hpt_kvm_clear(void *ctx, uint64_t ptex, uint64_t n, struct hpt_error *err);
int hpt_kvm_next_change(void *ctx, struct hpt_change *change, struct hpt_entry *out,
			size_t max, struct hpt_error *err);

#endif /* HPT_BACKEND_KVM_H */
