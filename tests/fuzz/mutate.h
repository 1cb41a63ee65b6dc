/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Changes an input whose bytes from @prefix on are a migration stream of QEMU, by its
 * structure: items are doubled, dropped, moved, made anew, and what says a length is put right
 * more often than not. Returns the new length, at most @room.
 */
size_t mutate_stream(uint8_t *data, size_t len, size_t room, size_t prefix, unsigned seed);

/* libFuzzer's and AFL++'s own way of asking for it. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t room, unsigned seed);

#endif /* FUZZ_MUTATE_H */
