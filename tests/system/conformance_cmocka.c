/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The tests of a cmocka program as TAP: see include/cmocka.h. */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include "cmocka.h"
#include "tap.h"

static jmp_buf failed;

void system_assert(int good, const char *file, int line, const char *what)
{
	if (!tap_check(good, file, line, what))
		longjmp(failed, 1);
}

void system_assert_equal(uint64_t a, uint64_t b, const char *file, int line, const char *what)
{
	if (a != b)
		printf("# 0x%" PRIx64 " is not 0x%" PRIx64 "\n", a, b);
	system_assert(a == b, file, line, what);
}

void system_fail(const char *file, int line, const char *format, ...)
{
	char text[400];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	tap_check(false, file, line, text);
	longjmp(failed, 1);
}

static void run(const struct CMUnitTest *test)
{
	void *state = test->initial_state;

	tap_begin("%s", test->name);
	if (!setjmp(failed))
		test->test_func(&state);
	tap_end();
}

int _cmocka_run_group_tests(const char *group, const struct CMUnitTest *tests, size_t n,
			    int (*setup)(void **state), int (*teardown)(void **state))
{
	(void)group, (void)setup, (void)teardown; /* the suite has none */
	/* Those of the other backends have nothing of the kernel in them. */
	for (size_t i = 0; i < n; i++)
		if (!strncmp(tests[i].name, "kvm: ", 5))
			run(&tests[i]);
	return tap_finish();
}
