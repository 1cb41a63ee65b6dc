/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef SYSTEM_RAW_H
#define SYSTEM_RAW_H

/* The HTAB descriptor with nothing of the library between: what the kernel itself does. */

#include "guest.h"

#include <endian.h>
#include <errno.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* As the kernel has it, in the kernel's byte order, which is ours. */
struct raw_header {
	uint32_t index;
	uint16_t n_valid, n_invalid;
};

#define RAW_HEADER sizeof(struct raw_header)
#define RAW_ENTRY 16
#define RAW_BOLTED 1
#define RAW_WRITE 2
#define RAW_LOCK UINT64_C(0x40)
#define RAW_ABSENT UINT64_C(0x20)
#define RAW_MARK (UINT64_C(1) << 62) /* "modified", in the listing's guest_r */

/* KVM_PPC_GET_HTAB_FD; -1 with errno. */
static inline int raw_open(const struct guest *g, uint64_t flags, uint64_t start)
{
	struct kvm_get_htab_fd request = { .flags = flags, .start_index = start };

	return ioctl(g->vm, KVM_PPC_GET_HTAB_FD, &request);
}

/* A chunk at @p: the header, and the entries if they are not NULL. Returns its size. */
static inline size_t raw_chunk(void *p, uint32_t index, unsigned n_valid, unsigned n_invalid,
			       const struct hpt_entry *entries)
{
	const struct raw_header header = { index, (uint16_t)n_valid, (uint16_t)n_invalid };
	unsigned char *bytes = p;

	memcpy(bytes, &header, RAW_HEADER);
	for (unsigned i = 0; entries && i < n_valid; i++) {
		const uint64_t words[2] = { htobe64(entries[i].v), htobe64(entries[i].r) };

		memcpy(bytes + RAW_HEADER + i * RAW_ENTRY, words, sizeof(words));
	}
	return RAW_HEADER + (entries ? n_valid * RAW_ENTRY : 0);
}

static inline struct raw_header raw_header_at(const unsigned char *bytes)
{
	struct raw_header header;

	memcpy(&header, bytes, sizeof(header));
	return header;
}

static inline struct hpt_entry raw_entry_at(const unsigned char *bytes)
{
	uint64_t words[2];

	memcpy(words, bytes, sizeof(words));
	return (struct hpt_entry){ be64toh(words[0]), be64toh(words[1]) };
}

#endif /* SYSTEM_RAW_H */
