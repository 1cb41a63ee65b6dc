/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* As core.h, for libhpt-guest. */
#include "../../lib/guest/internal.h"

#define guest_fail(err, code, ...) (guest_fail(err, code, __VA_ARGS__), (code))
#define guest_fail_offset(err, code, ...) (guest_fail_offset(err, code, __VA_ARGS__), (code))
#define guest_fail_errno(err, e, ...) (guest_fail_errno(err, e, __VA_ARGS__), HPT_ERR_SYSTEM)
