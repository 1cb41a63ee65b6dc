/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

#include <hpt/hpt.h>

const char *hpt_version(void)
{
	return PACKAGE_VERSION;
}
