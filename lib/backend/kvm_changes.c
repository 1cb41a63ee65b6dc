/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A KVM-HV guest's table: what changed. A descriptor that stays open gives every slot first;
 * the read that reaches the end comes back short, and the next one begins at the front with
 * what changed meanwhile. Nothing at all means that nothing changed.
 */

#include <stdlib.h>
#include <string.h>

#include "../core/internal.h"
#include "kvm.h"

#define ROOM ((size_t)64 << 10)

static int begin(struct hpt_kvm *k, struct hpt_error *err)
{
	int ret;

	if (!k->changes.buffer)
		k->changes.buffer = malloc(ROOM);
	if (!k->changes.buffer)
		return hpt_fail(err, HPT_ERR_MEMORY, "KVM table: out of memory");
	ret = hpt_kvm_decoder(k, &k->changes.d, err);
	if (ret)
		return ret;
	return hpt_kvm_get_fd(k, k->bolted_only ? HPT_KVM_FD_BOLTED : 0, 0, &k->changes.fd, err);
}

/* Make the next run the pending one; none is pending afterwards when nothing changed. */
static int next_run(struct hpt_kvm *k, struct hpt_error *err)
{
	enum hpt_event event = HPT_EVENT_MORE;

	while (event != HPT_EVENT_RUN) {
		size_t used;
		ssize_t n;
		int ret = hpt_decoder_next(&k->changes.d, k->changes.buffer + k->changes.begin,
					   k->changes.end - k->changes.begin, &used, &event,
					   &k->changes.run, err);

		if (ret)
			return hpt_kvm_decode_error(ret, err);
		k->changes.begin += used;
		if (event == HPT_EVENT_RUN)
			break;
		n = hpt_kvm_read_fd(k->changes.fd, k->changes.buffer, ROOM, err);
		if (n < 0)
			return HPT_ERR_SYSTEM;
		k->changes.begin = 0;
		k->changes.end = (size_t)n;
		if (!n)
			break;
	}
	return HPT_OK;
}

static bool pending(const struct hpt_kvm *k)
{
	return k->changes.run.n_valid || k->changes.run.n_invalid;
}

/* Give what fits of the pending run and keep the rest. */
static void give(struct hpt_kvm *k, struct hpt_change *change, struct hpt_entry *out, size_t max)
{
	struct hpt_run *run = &k->changes.run;
	uint32_t n = run->n_valid < max ? run->n_valid : (uint32_t)max;

	*change = (struct hpt_change){ .ptex = run->ptex, .n_valid = n };
	if (n) {
		hpt_entries_from_bytes(run->entries_be, n, out);
		run->entries_be = (const unsigned char *)run->entries_be + (size_t)n * HPT_ENTRY_BYTES;
		run->n_valid -= n;
		run->ptex += n;
	}
	if (!run->n_valid) {
		change->n_invalid = run->n_invalid;
		run->n_invalid = 0;
	}
	k->changes.given += change->n_valid + change->n_invalid;
	k->changes.pass_ended = false;
}

static void end_pass(struct hpt_kvm *k, struct hpt_change *change)
{
	*change = (struct hpt_change){ .end_of_pass = true };
	k->changes.pass++;
	k->changes.given = 0;
	k->changes.pass_ended = true;
}

int hpt_kvm_next_change(void *ctx, struct hpt_change *change, struct hpt_entry *out, size_t max,
			struct hpt_error *err)
{
	struct hpt_kvm *k = ctx;
	int ret = k->changes.fd < 0 ? begin(k, err) : HPT_OK;
	uint32_t before = k->changes.run.pass;

	/* The first pass is over when every slot was given: ask for no more then. */
	if (!ret && !pending(k) && !(k->changes.pass == 0 && k->changes.given == k->slots)) {
		ret = next_run(k, err);
		if (!ret && !pending(k) && !k->changes.pass && !k->changes.given)
			ret = hpt_fail(err, HPT_ERR_NO_HPT,
				       "the kernel gives no entry at all: the guest uses radix, or "
				       "the VM has no hashed page table");
	}
	if (ret)
		return ret;
	/* The front again, though nobody said so: the pass ended between the two. */
	if (!pending(k) || (k->changes.run.pass != before && !k->changes.pass_ended &&
			    k->changes.given))
		end_pass(k, change);
	else
		give(k, change, out, max);
	return HPT_OK;
}
