/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What an analyzer that reads one file of libhpt at a time cannot know: failing functions
 * return the code that they were given, which is never 0.
 */
#include "../../lib/core/internal.h"

#define hpt_fail(err, code, ...) (hpt_fail(err, code, __VA_ARGS__), (code))
#define hpt_fail_offset(err, code, ...) (hpt_fail_offset(err, code, __VA_ARGS__), (code))
#define hpt_fail_ptex(err, code, ...) (hpt_fail_ptex(err, code, __VA_ARGS__), (code))
#define hpt_fail_address(err, code, ...) (hpt_fail_address(err, code, __VA_ARGS__), (code))
#define hpt_fail_errno(err, e, ...) (hpt_fail_errno(err, e, __VA_ARGS__), HPT_ERR_SYSTEM)
