/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_SOURCE_H
#define HPT_TOOL_SOURCE_H

/* What opens the sources that are told by a prefix: see struct source_prefix. */

#include "tool.h"

int open_debugfs(struct source *source, const struct common *common, const char *rest,
		 uint32_t flags, struct hpt_error *err);

int open_qmp(struct source *source, const struct common *common, const char *rest,
	     uint32_t flags, struct hpt_error *err);

/* Lets a guest that was held go on; NULL: none was. */
void qmp_release(struct guard *guard);

/* source.c: a path, or "-", as the options of @common say. */
int source_open_path(struct source *source, const struct common *common, const char *path,
		     uint32_t flags, struct hpt_error *err);

#endif /* HPT_TOOL_SOURCE_H */
