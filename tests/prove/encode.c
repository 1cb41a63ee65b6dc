/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where EVA begins in lib/stream/encode.c, whose state only that file knows: each call begins
 * with any that the calls before may leave, and is seen to leave such a one.
 */

#include "../../lib/stream/encode.c"

#include "prove.h"

#define ENTRIES 2
#define HALVES 3 /* of entries that there is room for, and a part of one more */

static struct hpt_entry list[ENTRIES];

/* A run with so many entries to come, of which the chunk has some. */
static struct state *any_state(struct hpt_encoder *e)
{
	struct state *s = state_of(e);

	any_bytes(list, sizeof(list));
	any_bytes(e, sizeof(*e));
	s->dialect = (uint8_t)any_unsigned(HPT_DIALECT_KVM_LE, HPT_DIALECT_QEMU);
	s->slots = UINT64_C(1) << (any_unsigned(HPT_ORDER_MIN, HPT_STREAM_ORDER_MAX) - 4);
	s->in_chunk = (uint32_t)each(0, ENTRIES);
	s->n_valid = (uint64_t)each(0, ENTRIES - (int)s->in_chunk);
	s->entries = list + ENTRIES - s->in_chunk - s->n_valid;
	s->pending = (uint8_t)each(0, HPT_ENTRY_BYTES);
	any_flag(&s->ended);
	return s;
}

void begin(void)
{
	struct hpt_encoder_options options = { .size = any_size(0, sizeof(options)) };
	struct hpt_encoder e;
	struct hpt_error err;

	options.dialect = (enum hpt_dialect)any_int();
	options.order = any_unsigned(0, UINT32_MAX);
	if (!hpt_encoder_init(&e, any_bool() ? &options : NULL, any_error(&err))) {
		struct state *s = state_of(&e);
		/*@ assert 1 <= s->dialect <= 3 && s->pending == 0; */
	}
	hpt_encoder_init(NULL, &options, any_error(&err));
}

/* A run or the end, with the texts of what is refused. */
void give(void)
{
	struct hpt_encoder e;
	struct state *s = any_state(&e);
	struct hpt_error err;

	if (any_bool()) {
		hpt_encoder_end(any_bool() ? &e : NULL, any_error(&err));
	} else {
		size_t n = any_size(0, ENTRIES);

		hpt_encoder_run(any_bool() ? &e : NULL, any_u64(), any_bool() ? list : NULL, n,
				any_u64(), any_error(&err));
	}
	/*@ assert 1 <= s->dialect <= 3 && s->pending <= 16; */
}

/* Room for less than what is pending, or for that and so many headers or entries more. */
void take(void)
{
	unsigned char bytes[HPT_ENTRY_BYTES + HPT_CHUNK_HEADER * (HALVES + 1)];
	struct hpt_encoder e;
	struct state *s = any_state(&e);
	size_t room;

	if (s->pending && each(0, 1))
		room = any_size(0, s->pending - 1u);
	else
		room = s->pending + (size_t)each(0, HALVES) * HPT_CHUNK_HEADER +
		       any_size(0, HPT_CHUNK_HEADER - 1);
	hpt_encoder_take(&e, bytes, room);
	/*@ assert s->entries + (s->in_chunk + s->n_valid) == &list[2]; */
	/*@ assert 1 <= s->dialect <= 3 && s->pending <= 16; */
}
