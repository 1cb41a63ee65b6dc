/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef STEPS_H
#define STEPS_H

/*
 * Included before all else where the library's files are built for interleave.c: whenever they
 * are about to look at memory that others write, the test comes first.
 */

void unit_step(void);
void unit_exchange_step(void);

#define __atomic_load_n(word, order) (unit_step(), __atomic_load_n(word, order))
#define __atomic_compare_exchange_n(word, old, new, weak, good, bad)                          \
	(unit_exchange_step(), __atomic_compare_exchange_n(word, old, new, weak, good, bad))

#endif /* STEPS_H */
