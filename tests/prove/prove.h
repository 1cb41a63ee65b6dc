/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef PROVE_H
#define PROVE_H

/* Inputs that may be anything, for EVA. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <__fc_builtin.h>

#include <hpt/hpte.h>

static inline void any_bytes(void *p, size_t len)
{
	Frama_C_make_unknown(p, len);
}

static inline uint64_t any_u64(void)
{
	return Frama_C_unsigned_long_long_interval(0, UINT64_MAX);
}

static inline uint64_t any_up_to(uint64_t most)
{
	return Frama_C_unsigned_long_long_interval(0, most);
}

static inline unsigned any_unsigned(unsigned least, unsigned most)
{
	return Frama_C_unsigned_int_interval(least, most);
}

static inline int any_int(void)
{
	return Frama_C_interval(INT32_MIN, INT32_MAX);
}

static inline size_t any_size(size_t least, size_t most)
{
	return Frama_C_size_t_interval(least, most);
}

static inline bool any_bool(void)
{
	return Frama_C_interval(0, 1);
}

/* Likewise, and which of both it is does not lead apart. */
static inline void any_flag(bool *flag)
{
	*flag = Frama_C_interval(0, 1);
}

/* Each value on its own: what follows is gone through for one after the other. */
static inline int each(int least, int most)
{
	return Frama_C_interval_split(least, most);
}

static inline struct hpt_entry any_entry(void)
{
	return (struct hpt_entry){ any_u64(), any_u64() };
}

/* Callers need not want to know. */
static inline struct hpt_error *any_error(struct hpt_error *err)
{
	return any_bool() ? err : NULL;
}

#endif /* PROVE_H */
