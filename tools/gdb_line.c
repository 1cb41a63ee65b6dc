/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "gdb.h"

/*
 * The line to a debugger: standard input and output, or a socket that takes one debugger at a
 * time. Signals that end the server come only while it waits, so that none is missed.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define TICK_S 1
#define BACKLOG 4

static volatile sig_atomic_t told_to_end;
static sigset_t while_waiting;

static void take_signal(int number)
{
	(void)number;
	told_to_end = 1;
}

static void take_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = take_signal };
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigaction(numbers[i], &action, NULL);
		sigaddset(&blocked, numbers[i]);
	}
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &blocked, &while_waiting);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigdelset(&while_waiting, numbers[i]);
}

static int failed(const struct gdb_line *line, const char *what)
{
	complain("--listen %s: %s: %s", line->where, what, strerror(errno));
	return EXIT_ERROR;
}

/* A socket that nobody listens at any more, of a server that was killed, makes way. */
static void remove_stale(const struct sockaddr_un *address, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat status;

	if (fd < 0)
		return;
	if (!lstat(address->sun_path, &status) && S_ISSOCK(status.st_mode) &&
	    connect(fd, (const struct sockaddr *)address, len) && errno == ECONNREFUSED)
		unlink(address->sun_path);
	close(fd);
}

/* A socket that only this user may connect to. */
static int listen_unix(struct gdb_line *line, const struct command *command, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int ret;

	if (!*path || strlen(path) >= sizeof(address.sun_path))
		return usage_error(command, "--listen: a path of 1 to %zu bytes was expected",
				   sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	remove_stale(&address, sizeof(address));
	line->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (line->listener < 0)
		return failed(line, "socket");
	mask = umask(0177);
	ret = bind(line->listener, (const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (ret)
		return failed(line, "bind");
	line->path = path;
	return listen(line->listener, BACKLOG) ? failed(line, "listen") : 0;
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct place {
	union address address;
	socklen_t len;
	int family;
	bool loopback;
};

static bool parse_v4(const char *host, uint16_t port, struct place *place)
{
	struct sockaddr_in *v4 = &place->address.v4;

	*place = (struct place){ .len = sizeof(*v4), .family = AF_INET };
	v4->sin_family = AF_INET;
	v4->sin_port = htons(port);
	if (inet_pton(AF_INET, host, &v4->sin_addr) != 1)
		return false;
	place->loopback = ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return true;
}

static bool parse_v6(const char *host, uint16_t port, struct place *place)
{
	struct sockaddr_in6 *v6 = &place->address.v6;

	*place = (struct place){ .len = sizeof(*v6), .family = AF_INET6 };
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
		return false;
	place->loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	return true;
}

/* HOST:PORT or [HOST]:PORT, in numbers; no host and localhost are 127.0.0.1. */
static bool parse_place(const char *where, struct place *place)
{
	const char *colon = strrchr(where, ':');
	char host[INET6_ADDRSTRLEN + 2];
	uint64_t port;
	size_t n;

	if (!colon || (size_t)(colon - where) >= sizeof(host) ||
	    parse_number(colon + 1, &port) || port > UINT16_MAX)
		return false;
	n = (size_t)(colon - where);
	memcpy(host, where, n);
	host[n] = '\0';
	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		return parse_v6(host + 1, (uint16_t)port, place);
	}
	if (!n || strcmp(host, "localhost") == 0)
		strcpy(host, "127.0.0.1");
	return parse_v4(host, (uint16_t)port, place);
}

static int listen_tcp(struct gdb_line *line, const struct command *command,
		      const struct place *place, bool allow_remote)
{
	static const int on = 1;

	if (!allow_remote && !place->loopback)
		return usage_error(command,
				   "--listen %s: whoever reaches that can read the guest's "
				   "memory; --allow-remote permits it",
				   line->where);
	line->listener = socket(place->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (line->listener < 0)
		return failed(line, "socket");
	setsockopt(line->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* What is accepted has it from here. */
	setsockopt(line->listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(line->listener, &place->address.any, place->len))
		return failed(line, "bind");
	return listen(line->listener, BACKLOG) ? failed(line, "listen") : 0;
}

int gdb_listen(struct gdb_line *line, const struct command *command, const char *where,
	       bool allow_remote)
{
	struct place place;
	int ret = 0;

	*line = (struct gdb_line){ .where = where, .listener = -1, .in = -1, .out = -1 };
	if (strcmp(where, "stdio") == 0) {
		if (isatty(STDIN_FILENO))
			return usage_error(command, "a terminal is no debugger: --listen says "
						    "where one is to connect");
	} else if (strncmp(where, "unix:", 5) == 0) {
		ret = listen_unix(line, command, where + 5);
	} else if (parse_place(where, &place)) {
		ret = listen_tcp(line, command, &place, allow_remote);
	} else {
		return usage_error(command,
				   "--listen: '%s' is not unix:PATH, ADDRESS:PORT or stdio",
				   where);
	}
	if (ret)
		gdb_line_close(line);
	else
		take_signals();
	return ret;
}

/* Where a port was left to the system, it is told. */
static void put_place(const struct gdb_line *line, char *text, size_t room)
{
	char host[INET6_ADDRSTRLEN] = "";
	union address address = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t len = sizeof(address);

	if (line->path || getsockname(line->listener, &address.any, &len)) {
		(void)snprintf(text, room, "%s", line->path ? line->path : line->where);
	} else if (address.any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof(host));
		(void)snprintf(text, room, "%s:%u", host, ntohs(address.v4.sin_port));
	} else {
		inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof(host));
		(void)snprintf(text, room, "[%s]:%u", host, ntohs(address.v6.sin6_port));
	}
}

static void turn_away(const struct gdb_line *line)
{
	int fd = accept4(line->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	close(fd);
	complain("another debugger was turned away: one at a time");
}

static int wait_for(struct gdb_line *line, int fd, short events)
{
	struct pollfd both[2] = { { .fd = fd, .events = events },
				  { .fd = fd == line->listener ? -1 : line->listener,
				    .events = POLLIN } };

	for (;;) {
		struct timespec tick = { .tv_sec = TICK_S };
		int n = ppoll(both, 2, &tick, &while_waiting);

		if (told_to_end)
			errno = EINTR;
		if (told_to_end || (n < 0 && errno != EINTR))
			return -1;
		if (line->tick)
			line->tick(line->arg);
		if (n > 0 && both[1].revents)
			turn_away(line);
		if (n > 0 && both[0].revents)
			return 0;
	}
}

/*
 * gdb gives up after some seconds without a word. A notification that it does not know is one
 * that it passes over, and waits on.
 */
static volatile int idle_fd = -1;

static void say_something(int number)
{
	static const char notification[] = "%hpt:opening#76";
	int before = errno;

	(void)number;
	(void)!write(idle_fd, notification, sizeof(notification) - 1);
	errno = before;
}

void gdb_keep_waiting(const struct gdb_line *line, bool wait)
{
	struct itimerval each = { .it_interval.tv_sec = wait, .it_value.tv_sec = wait };
	struct sigaction action = { .sa_handler = say_something, .sa_flags = SA_RESTART };

	if (line->out < 0)
		return;
	idle_fd = line->out;
	if (wait)
		sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &each, NULL);
	if (!wait)
		signal(SIGALRM, SIG_IGN);
}

int gdb_accept(struct gdb_line *line)
{
	char place[PATH_MAX];

	if (line->listener < 0) {
		line->in = STDIN_FILENO;
		line->out = STDOUT_FILENO;
		return 0;
	}
	put_place(line, place, sizeof(place));
	complain("waiting for gdb: target remote %s", place);
	do {
		if (wait_for(line, line->listener, POLLIN))
			return -1;
		line->in = accept4(line->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	} while (line->in < 0 && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR));
	line->out = line->in;
	return line->in < 0 ? -1 : 0;
}

ssize_t gdb_receive(struct gdb_line *line, void *bytes, size_t len)
{
	ssize_t n;

	do {
		if (wait_for(line, line->in, POLLIN))
			return -1;
		n = read(line->in, bytes, len);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	return n;
}

/* A pipe takes PIPE_BUF bytes when it is said to take any; more might have to wait. */
int gdb_send(struct gdb_line *line, const void *bytes, size_t len)
{
	const char *from = bytes;

	while (len) {
		size_t most = line->listener < 0 && len > PIPE_BUF ? PIPE_BUF : len;
		ssize_t n;

		if (wait_for(line, line->out, POLLOUT))
			return -1;
		n = write(line->out, from, most);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		if (n > 0) {
			from += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

void gdb_hang_up(struct gdb_line *line)
{
	if (line->listener >= 0 && line->in >= 0)
		close(line->in);
	line->in = -1;
	line->out = -1;
}

void gdb_line_close(struct gdb_line *line)
{
	gdb_hang_up(line);
	if (line->listener >= 0)
		close(line->listener);
	line->listener = -1;
	if (line->path)
		unlink(line->path);
	line->path = NULL;
}
