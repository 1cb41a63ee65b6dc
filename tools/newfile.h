/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_NEWFILE_H
#define HPT_TOOL_NEWFILE_H

#include <stdbool.h>

/* A file that appears whole, under its name, or not at all. */
struct newfile {
	const char *name; /* as it was said; stays the caller's */
	char *path;       /* where it is to appear */
	char *directory;  /* of that: what sandbox_enter() must be told */
	bool replace;
};

/*
 * Both complain and return EXIT_ERROR on failure; then discard. Open first, then
 * sandbox_enter(file->directory), then read the source.
 */
int newfile_open(struct newfile *file, const char *path, bool replace, int *fd);
int newfile_commit(struct newfile *file, int fd);
void newfile_discard(struct newfile *file);

#endif /* HPT_TOOL_NEWFILE_H */
