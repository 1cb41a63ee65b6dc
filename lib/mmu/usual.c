/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The usual walk in plain C. */

#include "../core/match.h"
#include "known.h"
#include "rights.h"

#define USUAL(name) hpt_usual_##name
#define MATCH_PAIRS hpt_match_plain
#define FIRST_OF_4 hpt_first_of_4_plain
#define FIRST_OF_8 hpt_first_of_8_plain
#define ONLY_OF_32 hpt_only_of_32_plain
#include "usual.h"
/* What stands on it. */
#include "many.h"
#include "quick.h"
