/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_CONVERT_H
#define HPT_TOOL_CONVERT_H

#include "tool.h"

/*
 * Write a table in a form. Both complain about the table and return EXIT_ERROR; trouble
 * with the output is left to output_close().
 */
int write_stream(const struct hpt_table *table, enum hpt_dialect dialect, struct output *out,
		 struct progress *progress);
int write_image(const struct hpt_table *table, bool sparse, struct output *out,
		struct progress *progress);

#endif /* HPT_TOOL_CONVERT_H */
