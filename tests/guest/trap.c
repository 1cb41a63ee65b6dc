// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Every interrupt comes here, in real mode, on a stack of its own. */
#include "guest.h"

struct cpu cpus[2] = { { .number = 0 }, { .number = 1 } };

_Static_assert(offsetof(struct cpu, fixup) == CPU_FIXUP, "CPU_FIXUP");
_Static_assert(sizeof(struct cpu) == CPU_SIZE, "CPU_SIZE");

void trap(struct cpu *cpu);

/*
 * An interrupt that a probe waits for resumes at the fixup and leaves its
 * registers in the area.  Any other ends the run.
 */
void trap(struct cpu *cpu)
{
	if (cpu->fixup) {
		cpu->srr0 = cpu->fixup;
		return;
	}
	print("interrupt %x cpu %d srr0 %X srr1 %X dsisr %X dar %X lr %X\n",
	      cpu->vector, cpu->number, cpu->srr0, cpu->srr1, cpu->dsisr,
	      cpu->dar, cpu->lr);
	stop("unexpected interrupt");
}
