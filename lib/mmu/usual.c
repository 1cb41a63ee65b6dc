/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The usual walk in plain C, and when it is gone. */

#include "../core/match.h"
#include "rights.h"

#define USUAL(name) hpt_usual_##name
#define MATCH_PAIRS hpt_match_plain
#include "usual.h"

bool hpt_is_usual(const struct hpt_walk_env *env, enum hpt_access access, const void *out,
		  size_t stride)
{
	uint64_t on = access == HPT_ACCESS_FETCH ? HPT_MSR_IR : HPT_MSR_DR;

	if (!env->base || env->live || env->flags & HPT_XLATE_REAL)
		return false;
	/* Answers are made where they go. */
	if ((uintptr_t)out % _Alignof(struct hpt_translation) ||
	    stride % _Alignof(struct hpt_translation))
		return false;
	return env->flags & HPT_XLATE_ON || env->cpu->msr & on;
}
