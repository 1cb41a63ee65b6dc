/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef SYSTEM_CMOCKA_H
#define SYSTEM_CMOCKA_H

/*
 * What tests/unit/conformance.c uses of cmocka, for the emulated machine, which has none:
 * each test is a test point of TAP, and ends with its first failure.
 */

#include <stdint.h>
#include <string.h>

struct CMUnitTest {
	const char *name;
	void (*test_func)(void **state);
	int (*setup_func)(void **state);
	int (*teardown_func)(void **state);
	void *initial_state;
};

int _cmocka_run_group_tests(const char *group, const struct CMUnitTest *tests, size_t n,
			    int (*setup)(void **state), int (*teardown)(void **state));

/* A check of the current test; one that fails says where and why, and does not return. */
void system_assert(int good, const char *file, int line, const char *what);
void system_assert_equal(uint64_t a, uint64_t b, const char *file, int line, const char *what);
__attribute__((format(printf, 3, 4), noreturn)) void system_fail(const char *file, int line,
								 const char *format, ...);

#define system_check(good, what) system_assert(good, __FILE__, __LINE__, what)
#define assert_true(c) system_check(!!(c), #c)
#define assert_null(p) system_check(!(p), #p " is NULL")
#define assert_non_null(p) system_check(!!(p), #p " is not NULL")
#define assert_int_equal(a, b) \
	system_assert_equal((uint64_t)(a), (uint64_t)(b), __FILE__, __LINE__, #a " == " #b)
#define assert_in_range(value, low, high) \
	system_check((uint64_t)(value) - (low) <= (uint64_t)(high) - (low), #value " in range")
#define assert_string_equal(a, b) system_check(!strcmp(a, b), #a " equals " #b)
#define assert_memory_equal(a, b, len) system_check(!memcmp(a, b, len), #a " equals " #b)
#define fail_msg(...) system_fail(__FILE__, __LINE__, __VA_ARGS__)

#endif /* SYSTEM_CMOCKA_H */
