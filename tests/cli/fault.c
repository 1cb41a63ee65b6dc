/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Put before the C library by LD_PRELOAD: of the command's calls that change a file, the one of
 * number FAULT_AT, from 1, is hit as FAULT says: kill (SIGKILL before it is done), after (when
 * it is done), short (half of what is to be written), or the name of an error. Standard
 * descriptors are left out. That it was hit is said on standard error.
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static long calls;

static void say(const char *what)
{
	(void)!syscall(SYS_write, STDERR_FILENO, what, strlen(what));
}

static void kill_now(void)
{
	/* What the sandbox leaves: a signal to oneself. */
	syscall(SYS_tgkill, syscall(SYS_getpid), syscall(SYS_gettid), SIGKILL);
}

/* Is this the call? Not in the script that may come before the command. */
static const char *hit(void)
{
	const char *at = getenv("FAULT_AT"), *how = getenv("FAULT");
	const char *name = strrchr(program_invocation_short_name, '-');

	name = name ? name + 1 : program_invocation_short_name;
	if (!at || !how || strcmp(name, "hpt") || ++calls != atol(at))
		return NULL;
	say("fault\n");
	if (!strcmp(how, "kill"))
		kill_now();
	return how;
}

static int code(const char *how)
{
	return !strcmp(how, "ENOSPC") ? ENOSPC : !strcmp(how, "EINTR") ? EINTR : EIO;
}

static int is_file(int fd)
{
	struct stat st;

	return fd > STDERR_FILENO && !fstat(fd, &st) &&
	       (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

/* What comes of a call that is hit; @done does it. */
#define FAULTY(type, name, parameters, arguments, counts)                  \
	type name parameters                                               \
	{                                                                  \
		type(*real) parameters;                                    \
		const char *how = (counts) ? hit() : NULL;                 \
		type result;                                               \
                                                                           \
		*(void **)&real = dlsym(RTLD_NEXT, #name);                 \
		if (how && strcmp(how, "after") && strcmp(how, "short")) { \
			errno = code(how);                                 \
			return -1;                                         \
		}                                                          \
		result = real arguments;                                   \
		if (how && !strcmp(how, "after"))                          \
			kill_now();                                        \
		return result;                                             \
	}

FAULTY(int, fsync, (int fd), (fd), 1)
FAULTY(int, ftruncate, (int fd, off_t len), (fd, len), is_file(fd))
FAULTY(int, rename, (const char *from, const char *to), (from, to), 1)
FAULTY(int, link, (const char *from, const char *to), (from, to), 1)

ssize_t write(int fd, const void *bytes, size_t len)
{
	const char *how = is_file(fd) ? hit() : NULL;
	ssize_t n;

	if (how && !strcmp(how, "short"))
		len = (len + 1) / 2;
	else if (how && strcmp(how, "after")) {
		errno = code(how);
		return -1;
	}
	n = syscall(SYS_write, fd, bytes, len);
	if (how && !strcmp(how, "after"))
		kill_now();
	return n;
}

/* The descriptor is gone in any case: that is how Linux does it. */
int close(int fd)
{
	const char *how =
		is_file(fd) && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY ? hit() : NULL;
	int ret = (int)syscall(SYS_close, fd);

	if (!how || !strcmp(how, "short"))
		return ret;
	if (!strcmp(how, "after"))
		kill_now();
	errno = code(how);
	return -1;
}

/* For what the C library has no name for. */
long syscall(long number, ...)
{
	static long (*real)(long number, ...);
	const char *how = number == SYS_renameat2 ? hit() : NULL;
	long a[6], ret;
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	if (how && strcmp(how, "after") && strcmp(how, "short")) {
		errno = code(how);
		return -1;
	}
	ret = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (how && !strcmp(how, "after"))
		kill_now();
	return ret;
}
