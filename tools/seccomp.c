/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "sandbox.h"

/*
 * The part of the sandbox that seccomp is: a list of the system calls that are left. One that
 * is not on it fails as on a kernel that does not know it, for which the C library has other
 * ways; a file that is opened to be written is refused as one without the rights would be.
 */

#if defined(HAVE_LIBSECCOMP) && defined(HPT_SANDBOX)

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <linux/seccomp.h>

/* By name: what this architecture does not have is passed over. */
static const char always[] =
	/* memory */
	"brk munmap mremap madvise memfd_create "
	/* files that are open, and what they are */
	"read readv pread64 preadv write writev pwrite64 pwritev lseek _llseek close "
	"close_range fstat fstat64 newfstatat fstatat64 stat stat64 lstat lstat64 statx "
	"access faccessat faccessat2 readlink readlinkat getcwd getdents getdents64 dup "
	"dup2 dup3 pipe pipe2 fcntl fcntl64 ftruncate ftruncate64 fsync fdatasync "
	"fadvise64 fadvise64_64 arm_fadvise64_64 fchmod umask "
	/* to wait, and what time it is */
	"poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 clock_gettime "
	"clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep "
	"clock_nanosleep_time64 nanosleep gettimeofday time setitimer "
	/* this process and its threads */
	"getpid gettid getppid getuid geteuid getgid getegid getuid32 geteuid32 getgid32 "
	"getegid32 uname sysinfo getrusage getrlimit ugetrlimit sched_yield "
	"sched_getaffinity getcpu getrandom rseq set_robust_list set_tid_address futex "
	"futex_time64 exit exit_group restart_syscall "
	/* signals */
	"rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait rt_sigtimedwait_time64 "
	"sigreturn sigaction sigprocmask sigaltstack ";

/* A finished file gets its name. */
static const char naming[] = "rename renameat renameat2 link linkat unlink unlinkat ";

static const char talking[] =
	"sendto sendmsg send recvfrom recvmsg recv shutdown getsockopt setsockopt "
	"getsockname getpeername ";

static const char connecting[] =
	"connect socketpair fork vfork wait4 waitpid waitid setsid kill tgkill ";

static const char accepting[] = "accept accept4 ";

/* Descriptors of a terminal may be asked and set, and nothing be typed there (TIOCSTI). */
static const unsigned long terminal[] = {
	TCGETS, TCSETS,     TCSETSW,   TCSETSF,   TCSBRK,   TCXONC,
	TCFLSH, TIOCGWINSZ, TIOCGPGRP, TIOCSPGRP, FIONREAD,
};

#define ALLOW SCMP_ACT_ALLOW
#define FORBID SCMP_ACT_ERRNO(EACCES)
/* The kernel looks at the lower half of an int only. */
#define INT_MASK UINT64_C(0xffffffff)
/* libseccomp's numbers from here down are of calls that only other architectures have. */
#define ELSEWHERE (-10000)

/* Which argument of clone(2) has the flags: on s390 the stack comes first. */
#ifdef __s390__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

/* Does this architecture have the call, perhaps as one of socketcall(2)? */
static bool find(const char *name, int *call)
{
	*call = seccomp_syscall_resolve_name(name);
	return *call > ELSEWHERE && *call != __NR_SCMP_ERROR;
}

static bool add(scmp_filter_ctx filter, const char *name)
{
	int call, ret;

	if (!find(name, &call))
		return true;
	ret = seccomp_rule_add(filter, ALLOW, call, 0);
	return !ret || ret == -EEXIST;
}

/* Of @names each ends with a space. */
static bool add_all(scmp_filter_ctx filter, const char *names)
{
	char name[32];
	size_t len;
	bool ok = true;

	for (; ok && *names; names += len + 1) {
		len = strcspn(names, " ");
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, names);
		ok = add(filter, name);
	}
	return ok;
}

/* A call whose argument number @arg has @value in the bits of @mask. */
static bool add_if(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned arg,
		   uint64_t mask, uint64_t value)
{
	struct scmp_arg_cmp equal = {
		.arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value
	};
	int call;

	return !find(name, &call) || !seccomp_rule_add_array(filter, action, call, 1, &equal);
}

/*
 * To read, or a file without a name. The cases that are forbidden do not overlap, since the
 * library does not say which of two rules would count.
 */
static bool add_open(scmp_filter_ctx filter, const char *name, unsigned arg)
{
	const uint64_t nameless = O_TMPFILE & ~(uint64_t)O_DIRECTORY;
	const uint64_t how = O_ACCMODE | O_CREAT | nameless;

	return add_if(filter, ALLOW, name, arg, how | O_TRUNC, O_RDONLY) &&
	       add_if(filter, ALLOW, name, arg, O_CREAT | nameless, nameless) &&
	       add_if(filter, FORBID, name, arg, O_CREAT, O_CREAT) &&
	       add_if(filter, FORBID, name, arg, how, O_WRONLY) &&
	       add_if(filter, FORBID, name, arg, how, O_RDWR) &&
	       add_if(filter, FORBID, name, arg, how, O_ACCMODE) &&
	       add_if(filter, FORBID, name, arg, how | O_TRUNC, O_TRUNC);
}

/* Memory never becomes a program. The old mmap of s390 has its arguments behind a pointer. */
static bool add_memory(scmp_filter_ctx filter)
{
	static const char *const calls[] = { "mmap", "mmap2", "mprotect" };
	bool ok = true;

#ifdef __s390__
	ok = add(filter, "mmap") && add(filter, "mprotect");
#else
	for (size_t i = 0; ok && i < sizeof(calls) / sizeof(calls[0]); i++)
		ok = add_if(filter, ALLOW, calls[i], 2, PROT_EXEC, 0);
#endif
	(void)calls;
	return ok;
}

static bool add_terminal(scmp_filter_ctx filter)
{
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof(terminal) / sizeof(terminal[0]); i++)
		ok = add_if(filter, ALLOW, "ioctl", 1, INT_MASK, terminal[i] & INT_MASK);
	return ok;
}

/* Threads; signals to this process; of others, whether they are there. */
static bool add_process(scmp_filter_ctx filter)
{
	return add_if(filter, ALLOW, "clone", CLONE_FLAGS, CLONE_THREAD, CLONE_THREAD) &&
	       add_if(filter, ALLOW, "tgkill", 0, INT_MASK, (uint64_t)getpid()) &&
	       add_if(filter, ALLOW, "kill", 1, INT_MASK, 0) &&
	       add_if(filter, ALLOW, "prlimit64", 2, UINT64_MAX, 0);
}

static bool add_connect(scmp_filter_ctx filter)
{
	return add_all(filter, connecting) && add_all(filter, talking) &&
	       add_if(filter, ALLOW, "socket", 0, INT_MASK, AF_UNIX) &&
	       add_if(filter, ALLOW, "clone", CLONE_FLAGS,
		      CLONE_THREAD | CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET,
		      0);
}

static bool fill(scmp_filter_ctx filter, unsigned needs, bool names)
{
	bool ok = add_all(filter, always) && add_open(filter, "openat", 2) &&
		  add_open(filter, "open", 1) && add_memory(filter) && add_terminal(filter) &&
		  add_process(filter);

	if (ok && names)
		ok = add_all(filter, naming);
	if (ok && needs & SANDBOX_CONNECT)
		ok = add_connect(filter);
	if (ok && needs & SANDBOX_ACCEPT)
		ok = add_all(filter, talking) && add_all(filter, accepting);
	return ok;
}

bool seccomp_grants(void)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) && errno == EFAULT;
}

bool seccomp_enter(unsigned needs, bool names)
{
	scmp_filter_ctx filter;
	bool done;

	if (!seccomp_grants())
		return false;
	filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	done = filter && fill(filter, needs, names) && !seccomp_load(filter);
	seccomp_release(filter);
	return done;
}

const char *seccomp_feature(char *text, size_t room)
{
	const struct scmp_version *version = seccomp_version();

	(void)snprintf(text, room, "%sseccomp (libseccomp %u.%u.%u%s)",
		       seccomp_grants() ? "" : "no ", version->major, version->minor,
		       version->micro, seccomp_grants() ? "" : "; this kernel has none");
	return text;
}
#else
bool seccomp_grants(void)
{
	return false;
}

bool seccomp_enter(unsigned needs, bool names)
{
	(void)needs;
	(void)names;
	return false;
}

const char *seccomp_feature(char *text, size_t room)
{
	(void)text;
	(void)room;
	return "no seccomp (built without libseccomp)";
}
#endif
