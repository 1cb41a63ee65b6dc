/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef FAILING_H
#define FAILING_H

/*
 * Allocations that fail when told to, and a count of what is not freed. A program that
 * includes this is linked with --wrap=malloc,calloc,realloc,free, and strdup where it is used.
 */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Allocations until one fails; negative: none does. */
static long countdown = -1;
/* Do all fail from that one on, or only that one, so that what follows goes on? */
static bool fails_for_good;
/* What is allocated and not freed. */
static long live;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);
char *__wrap_strdup(const char *text);

static bool fails(void)
{
	if (countdown < 0)
		return false;
	if (countdown == 0 && fails_for_good)
		return true;
	return countdown-- == 0;
}

static void *count(void *made)
{
	live += made != NULL;
	return made;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : count(__real_calloc(n, size));
}

void *__wrap_realloc(void *old, size_t size)
{
	if (fails())
		return NULL;
	return old ? __real_realloc(old, size) : count(__real_realloc(old, size));
}

void __wrap_free(void *old)
{
	live -= old != NULL;
	__real_free(old);
}

char *__wrap_strdup(const char *text)
{
	char *copy = __wrap_malloc(strlen(text) + 1);

	return copy ? strcpy(copy, text) : NULL;
}

#endif /* FAILING_H */
