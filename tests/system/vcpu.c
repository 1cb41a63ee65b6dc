/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/*
 * A vCPU that runs on entries which libhpt wrote: runs as a user program on a KVM-HV host.
 * TAP on standard output.
 */

#include "vcpu.h"

#include <signal.h>
#include <stddef.h>

/* Ends a KVM_RUN that would not end by itself. */
static void on_alarm(int number)
{
	(void)number;
}

int main(void)
{
	const struct sigaction action = { .sa_handler = on_alarm }; /* no SA_RESTART */

	sigaction(SIGALRM, &action, NULL);
	if (!host_start())
		return 1;
	test_matrix();
	test_rc();
	test_hcalls();
	test_running();
	test_restore();
	test_example();
	return tap_finish();
}
