/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The HTAB stream, runs in and bytes out.
 */

#include <hpt/stream.h>

#include "../core/internal.h"

/* What struct hpt_encoder holds. */
struct state {
	const struct hpt_entry *entries; /* next entry of the run */
	uint64_t slots;                  /* table's size */
	uint64_t ptex;                   /* of the next chunk */
	uint64_t n_valid, n_invalid;     /* of the run, still to be put in chunks */
	uint32_t in_chunk;               /* entries of the current chunk still to come */
	uint8_t dialect;
	uint8_t pending;                 /* bytes in small that were not taken yet */
	bool ended;
	unsigned char small[HPT_ENTRY_BYTES]; /* a header or entry, right-aligned */
};

_Static_assert(sizeof(struct state) <= sizeof(struct hpt_encoder), "state must fit");

static struct state *state_of(struct hpt_encoder *e)
{
	return (struct state *)(void *)e->space;
}

#define ULL(x) ((unsigned long long)(x))

int hpt_encoder_init(struct hpt_encoder *e, const struct hpt_encoder_options *options,
		     struct hpt_error *err)
{
	struct hpt_encoder_options o;
	struct state *s;
	int ret;

	if (!e || !options)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "encoder: NULL");
	ret = hpt_options_in(&o, sizeof(o), sizeof(o), options, "hpt_encoder_options", err);
	if (ret)
		return ret;
	if (!hpt_dialect_name(o.dialect))
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"encoder: dialect is %d, expected kvm-le, kvm-be or qemu",
				(int)o.dialect);
	ret = hpt_check_order(o.order, HPT_STREAM_ORDER_MAX, err);
	if (ret)
		return ret;
	memset(e, 0, sizeof(*e));
	s = state_of(e);
	s->dialect = (uint8_t)o.dialect;
	s->slots = UINT64_C(1) << (o.order - HPT_ENTRY_SHIFT);
	return HPT_OK;
}

static int check_idle(const struct state *s, struct hpt_error *err)
{
	if (s->ended)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "encoder: the end was written already");
	if (s->pending || s->in_chunk || s->n_valid || s->n_invalid)
		return hpt_fail_ptex(err, HPT_ERR_ARGUMENT, s->ptex,
				     "encoder: bytes of the run before were not taken yet");
	return HPT_OK;
}

int hpt_encoder_run(struct hpt_encoder *e, uint64_t ptex, const struct hpt_entry *entries,
		    uint64_t n_valid, uint64_t n_invalid, struct hpt_error *err)
{
	struct state *s;
	int ret;

	if (!e || (!entries && n_valid))
		return hpt_fail(err, HPT_ERR_ARGUMENT, "encoder: NULL");
	s = state_of(e);
	ret = check_idle(s, err);
	if (ret)
		return ret;
	if (ptex > s->slots || n_valid > s->slots - ptex ||
	    n_invalid > s->slots - ptex - n_valid)
		return hpt_fail_ptex(err, HPT_ERR_RANGE, ptex,
				     "encoder: %llu valid and %llu invalid entries from %#llx lead "
				     "beyond %#llx, the number of slots", ULL(n_valid),
				     ULL(n_invalid), ULL(ptex), ULL(s->slots));
	for (uint64_t i = 0; i < n_valid; i++)
		if (!(entries[i].v & HPT_V_VALID))
			return hpt_fail_ptex(err, HPT_ERR_NOT_VALID, ptex + i,
					     "encoder: entry %#llx: its V bit is clear, and it was "
					     "said to be valid", ULL(ptex + i));
	s->entries = entries;
	s->ptex = ptex;
	s->n_valid = n_valid;
	s->n_invalid = n_invalid;
	return HPT_OK;
}

int hpt_encoder_end(struct hpt_encoder *e, struct hpt_error *err)
{
	struct state *s;
	int ret;

	if (!e)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "encoder: NULL");
	s = state_of(e);
	ret = check_idle(s, err);
	if (ret)
		return ret;
	s->ended = true;
	if (s->dialect == HPT_DIALECT_QEMU) {
		memset(s->small, 0, sizeof(s->small));
		s->pending = HPT_CHUNK_HEADER;
	}
	return HPT_OK;
}

static void store16(unsigned char *p, bool little, uint32_t value)
{
	p[little ? 0 : 1] = (unsigned char)value;
	p[little ? 1 : 0] = (unsigned char)(value >> 8);
}

/* Put the next chunk's header into small. */
static void make_header(struct state *s)
{
	uint32_t nv = s->n_valid < HPT_CHUNK_MAX ? (uint32_t)s->n_valid : HPT_CHUNK_MAX;
	uint32_t ni = 0;
	uint32_t index = (uint32_t)s->ptex;
	bool little = s->dialect == HPT_DIALECT_KVM_LE;
	unsigned char *p = s->small + sizeof(s->small) - HPT_CHUNK_HEADER;

	/* Invalid slots come after the last of the valid entries. */
	if (nv == s->n_valid)
		ni = s->n_invalid < HPT_CHUNK_MAX ? (uint32_t)s->n_invalid : HPT_CHUNK_MAX;
	store16(p + (little ? 0 : 2), little, index & 0xFFFF);
	store16(p + (little ? 2 : 0), little, index >> 16);
	store16(p + 4, little, nv);
	store16(p + 6, little, ni);
	s->pending = HPT_CHUNK_HEADER;
	s->in_chunk = nv;
	s->n_valid -= nv;
	s->n_invalid -= ni;
	s->ptex += (uint64_t)nv + ni;
}

/* Make more bytes in small; false when the run is written whole. */
static bool refill(struct state *s)
{
	if (s->in_chunk) {
		hpt_entries_to_bytes(s->entries++, 1, s->small);
		s->pending = HPT_ENTRY_BYTES;
		s->in_chunk--;
		return true;
	}
	if (s->n_valid || s->n_invalid) {
		make_header(s);
		return true;
	}
	return false;
}

/* The next @n of what is in small. */
static void take_small(struct state *s, unsigned char *to, size_t n)
{
	if (n)
		memcpy(to, s->small + sizeof(s->small) - s->pending, n);
	s->pending = (uint8_t)(s->pending - n);
}

size_t hpt_encoder_take(struct hpt_encoder *e, void *bytes, size_t room)
{
	struct state *s = state_of(e);
	unsigned char *p = bytes;
	size_t left = room;

	for (;;) {
		size_t n = s->pending;

		if (n >= left) {
			take_small(s, p, left);
			return room;
		}
		take_small(s, p, n);
		p += n;
		left -= n;
		/* Whole entries go straight to where they are wanted. */
		n = left / HPT_ENTRY_BYTES < s->in_chunk ? left / HPT_ENTRY_BYTES : s->in_chunk;
		if (n) {
			hpt_entries_to_bytes(s->entries, n, p);
			s->entries += n;
			s->in_chunk -= (uint32_t)n;
			p += n * HPT_ENTRY_BYTES;
			left -= n * HPT_ENTRY_BYTES;
		} else if (!refill(s)) {
			return room - left;
		}
	}
}
