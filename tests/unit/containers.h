/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TEST_CONTAINERS_H
#define TEST_CONTAINERS_H

/* Files in which saved guests come, made of a stream. What is returned is the caller's to free. */

#include <stdbool.h>
#include <stddef.h>

void *libvirt_container(const void *stream, size_t len, size_t *made);
void *qcow2_container(const void *stream, size_t len, bool packed, size_t *made);
void *kdump_container(bool flat, size_t *made);
/* By the library, with holes. */
void core_container(const char *saved, const char *path);

#endif /* TEST_CONTAINERS_H */
