/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef SYSTEM_KVM_PARTS_H
#define SYSTEM_KVM_PARTS_H

/* The parts of the program kvm. */

#include "raw.h"

#define WHOLE_ORDER 24 /* up to here all checks are made */

/* The line of slot @ptex in the kernel's listing; false: it is not listed. */
bool raw_line(const struct guest *g, uint64_t ptex, struct host_line *line);

/* kvm_reads.c: the table is empty before, and has entries afterwards */
void check_reading(struct guest *g);
void check_patterns(struct guest *g);
void check_wrong_orders(const struct guest *g);

/* kvm_writes.c */
void check_writing(struct guest *g);
void check_restores(void);

/* kvm_passes.c */
void check_passes(struct guest *g);
void check_bolted(struct guest *g);
void check_order_from_stream(const struct guest *g);

/* kvm_wrong.c: what is no VM, no table, not ours */
void check_wrong(void);

/* kvm_kernel_read.c, kvm_kernel_write.c: the kernel's own behaviour, without the library */
void check_kernel_reads(void);
void check_kernel_writes(void);

#endif /* SYSTEM_KVM_PARTS_H */
