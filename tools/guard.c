/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "qmp.h"

/*
 * A second process that lets a guest go on when this one is killed. It begins before anything
 * is asked of the guest, shares the connection to QEMU, has a session of its own, so that no
 * Ctrl-C reaches it, and learns of the end of the first process by a socket.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Most that opening is silent between two signs of life, in answers that are late. */
#define SILENT_ANSWERS 4
/* How long to try, where QEMU does not answer. */
#define PATIENCE_S 60

/* What is said on it. */
#define READY 'r'
#define GOING 'g'
#define LET_GO 'l' /* it was left still as it should be, and is to go on now */
#define DONE 'd'

static void set_apart(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setsid();
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	/* A pipeline must not wait for this process. Standard error stays, for a last word. */
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
}

/* The other process, if it was killed, is missed only when this one is killed, too. */
static void say(const struct guard *guard, char sign)
{
	ssize_t n;

	do
		n = send(guard->line, &sign, 1, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
}

/* A sign, or 0: the other process has ended, or is silent for too long. */
static char hear(const struct guard *guard)
{
	struct pollfd one = { .fd = guard->line, .events = POLLIN };
	int silence = (int)(SILENT_ANSWERS * guard->timeout_ms);
	char sign;
	ssize_t n;

	do
		n = poll(&one, 1, silence);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return 0;
	do
		n = read(guard->line, &sign, 1);
	while (n < 0 && errno == EINTR);
	return n > 0 ? sign : 0;
}

static void restore(const struct guard *guard, struct hpt_qmp_before before, bool wanted)
{
	struct hpt_qmp_options options = { .size = sizeof(options),
					   .timeout_ms = guard->timeout_ms };
	time_t end = time(NULL) + PATIENCE_S;
	struct hpt_error err;
	int ret;

	for (;;) {
		ret = hpt_qmp_restore(guard->address, &before, &options, &err);
		if (!ret || ret == HPT_ERR_REFUSED || err.os_errno == ECONNREFUSED ||
		    err.os_errno == ENOENT || time(NULL) >= end)
			break;
		before.fd = -1;
		sleep(1);
	}
	if (ret)
		complain("%s; the guest may STAND STILL", err.text);
	else
		complain("%sthe guest %s", wanted ? "" : "ended too early: ",
			 before.running ? "runs on" : "stays still");
}

static void watch_over(const struct guard *guard, const struct hpt_qmp_before *before,
		       pid_t first)
{
	char sign;

	set_apart();
	say(guard, READY);
	do
		sign = hear(guard);
	while (sign == GOING);
	if (sign == DONE)
		return;
	/* One that is only stopped holds QEMU up, and must not. */
	if (sign != LET_GO && getppid() == first)
		kill(first, SIGKILL);
	restore(guard, *before, sign == LET_GO);
}

static int guard_begin(struct guard *guard, const struct hpt_qmp_before *before)
{
	pid_t first = getpid();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -1;
	guard->second = fork();
	if (guard->second == 0) {
		close(ends[1]);
		guard->line = ends[0];
		watch_over(guard, before, first);
		_exit(0);
	}
	close(ends[0]);
	guard->line = ends[1];
	return guard->second < 0 || hear(guard) != READY ? -1 : 0;
}

int guard_watch(void *arg, enum hpt_qmp_step step, const struct hpt_qmp_before *before)
{
	struct guard *guard = arg;

	switch (step) {
	case HPT_QMP_BEGIN:
		return guard_begin(guard, before);
	case HPT_QMP_GOING:
		say(guard, GOING);
		return 0;
	case HPT_QMP_END:
		say(guard, DONE);
		return 0;
	}
	return 0;
}

void guard_let_go(const struct guard *guard)
{
	say(guard, LET_GO);
	guard_end(guard);
}

/* Without DONE, the second process takes over now, and this one waits for it. */
void guard_end(const struct guard *guard)
{
	if (guard->line >= 0)
		close(guard->line);
	if (guard->second > 0)
		while (waitpid(guard->second, NULL, 0) < 0 && errno == EINTR)
			;
}
