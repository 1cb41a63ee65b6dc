/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Put before the C library by LD_PRELOAD: when the command reads for the first time after it
 * took its privileges away (always, with SANDBOX_TRY=now), it tries what it must not be able
 * to do, and says on standard error what came of each. What is done is done as an attacker
 * would: by the system call.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int tried;

static void say(const char *what, long result)
{
	char text[128];
	int len = snprintf(text, sizeof(text), "try %s: %s\n", what,
			   result < 0 ? strerrorname_np(errno) : "done");

	(void)!syscall(SYS_write, STDERR_FILENO, text, len);
}

static long open_at(const char *path, int flags)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, flags, 0600);

	if (fd >= 0)
		close((int)fd);
	return fd;
}

static void try_files(void)
{
	say("to make a file", open_at("try-made", O_WRONLY | O_CREAT));
	say("to make an empty file", open_at("try-empty", O_RDONLY | O_CREAT));
	say("to write a file", open_at("try-old", O_WRONLY));
	say("to write and read a file", open_at("try-old", O_RDWR));
	say("to cut a file at once", open_at("try-old", O_RDONLY | O_TRUNC));
	say("to cut a file", syscall(SYS_truncate, "try-old", 0));
	say("to rename", syscall(SYS_renameat2, AT_FDCWD, "try-old", AT_FDCWD, "try-new", 0));
	say("to link", syscall(SYS_linkat, AT_FDCWD, "try-old", AT_FDCWD, "try-link", 0));
	say("to remove", syscall(SYS_unlinkat, AT_FDCWD, "try-old", 0));
	say("to make a directory", syscall(SYS_mkdirat, AT_FDCWD, "try-directory", 0700));
	say("to make a symbolic link",
	    syscall(SYS_symlinkat, "try-old", AT_FDCWD, "try-symbolic"));
	say("to set a mode", syscall(SYS_fchmodat, AT_FDCWD, "try-old", 0600));
	say("to read a file", open_at("try-old", O_RDONLY));
}

/* A file without a name may be made where spools are, and gets no name. */
static void try_nameless(void)
{
	char path[64];
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	if (fd < 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	say("to name a nameless file", syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD,
					       "/tmp/hpt-try-named", AT_SYMLINK_FOLLOW));
	close(fd);
}

static void try_process(void)
{
	static char *const argv[] = { (char *)"true", NULL };
	long child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);

	if (child == 0)
		syscall(SYS_exit, 0);
	say("to begin a process", child);
	say("to run a program", syscall(SYS_execve, "/hpt-try-none", argv, NULL));
	say("to trace a process", syscall(SYS_ptrace, 0x4206 /* seize */, getppid(), 0, 0));
	say("to signal a process", syscall(SYS_kill, getppid(), SIGURG));
	say("to map a program", (long)(intptr_t)mmap(NULL, 4096, PROT_READ | PROT_EXEC,
						     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == -1
					? -1
					: 0);
	say("to type on a terminal",
	    syscall(SYS_ioctl, STDIN_FILENO, TIOCSTI | UINT64_C(1) << 32, "x"));
	say("to leave its namespaces", syscall(SYS_unshare, CLONE_NEWUSER));
	say("to have calls made elsewhere", syscall(SYS_io_uring_setup, 1, NULL));
}

static void try_all(void)
{
	try_files();
	try_nameless();
	say("an internet socket", syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
	say("a datagram socket", syscall(SYS_socket, AF_INET6, SOCK_DGRAM, 0));
	say("a socket of this host", syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
	try_process();
}

/* Where the command reads its source; what it loaded before is not its input. */
ssize_t read(int fd, void *bytes, size_t len)
{
	const char *when = getenv("SANDBOX_TRY");
	const char *name = strrchr(program_invocation_short_name, '-');

	name = name ? name + 1 : program_invocation_short_name;
	if (!tried && when && !strcmp(name, "hpt") &&
	    (!strcmp(when, "now") || prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0)) {
		tried = 1;
		try_all();
	}
	return syscall(SYS_read, fd, bytes, len);
}
