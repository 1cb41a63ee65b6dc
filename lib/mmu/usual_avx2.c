/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The usual walk for CPUs with AVX2: the same, compiled for them. */

#include "../core/match.h"
#include "known.h"
#include "rights.h"

#ifdef HPT_HAVE_AVX2
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2"))), apply_to = function)
#else
#pragma GCC target("avx2,bmi,bmi2")
#endif

#define USUAL(name) hpt_usual_##name##_avx2
#define MATCH_PAIRS hpt_match_inline
#define FIRST_OF_4 hpt_first_of_4_inline
#define FIRST_OF_8 hpt_first_of_8_inline
#define ONLY_OF_32 hpt_only_of_32_inline
#include "usual.h"
/* What stands on it. */
#include "many.h"
#include "quick.h"

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
