/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_SANDBOX_H
#define HPT_TOOL_SANDBOX_H

/*
 * What this process gives up before it parses any input: to make, change or remove files, to
 * reach a network, to run a program, to begin another process, to type on the terminal.
 * Landlock and seccomp see to it, each where the build and the kernel have it. To read files
 * and to write to what is open stays.
 *
 * main() enters before the command begins. A command that first makes its output file or a
 * socket says so in struct command (late) and enters itself, before it opens its source.
 */

#include "tool.h"

/* What stays allowed on top. */
enum {
	SANDBOX_CONNECT = 1, /* sockets of this host, and a second process: qmp:SOCKET */
	SANDBOX_ACCEPT = 2,  /* connections at a socket that listens already */
};

void sandbox_off(void);
void sandbox_allow(unsigned needs);
void sandbox_allow_sources(char *const *arguments);

/*
 * In @directory (NULL: nowhere) files may still get their names: see newfile.h. Says so when
 * the kernel grants nothing of what the build could use, and goes on. Once entered for good.
 */
void sandbox_enter(const char *directory);
void sandbox_describe(struct output *out);

/* seccomp.c */
bool seccomp_grants(void);
bool seccomp_enter(unsigned needs, bool names);
const char *seccomp_feature(char *text, size_t room);

#endif /* HPT_TOOL_SANDBOX_H */
