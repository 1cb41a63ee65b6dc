/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The usual walk in plain C. */

#include "../core/match.h"
#include "rights.h"

#define USUAL(name) hpt_usual_##name
#define MATCH_PAIRS hpt_match_plain
#include "usual.h"
