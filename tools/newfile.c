/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool.h"
#include "newfile.h"

/*
 * A file that appears whole or not at all: written under another name in the same
 * directory, which is removed on failure and on the signals that people and shells send.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1 /* of the kernel's; not every C library has a name for it */
#endif

static char temporary[PATH_MAX]; /* for the signal handler */
static volatile sig_atomic_t temporary_exists;

static const int signals[] = { SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGXCPU };
#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))

static void on_signal(int number)
{
	if (temporary_exists)
		(void)unlink(temporary);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

/* A signal that is ignored (nohup) stays so. Too large a file is to be an error. */
static void catch_signals(void)
{
	struct sigaction old, action = { .sa_handler = on_signal };

	for (size_t i = 0; i < N_SIGNALS; i++)
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler == SIG_DFL)
			(void)sigaction(signals[i], &action, NULL);
	(void)signal(SIGXFSZ, SIG_IGN);
}

/* Signals wait while a file is made and noted, so that none is left behind. */
static void hold_signals(sigset_t *before)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < N_SIGNALS; i++)
		(void)sigaddset(&set, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &set, before);
}

static int failed(const char *path)
{
	complain("%s: %s", path, strerror(errno));
	return EXIT_ERROR;
}

static int check_target(struct newfile *file, const char *path)
{
	struct stat st;

	if (lstat(path, &st)) {
		if (errno != ENOENT)
			return failed(path);
		file->path = strdup(path);
		return file->path ? 0 : failed(path);
	}
	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
		complain("%s: not a regular file (-o - writes to standard output)", path);
		return EXIT_ERROR;
	}
	if (!file->replace) {
		complain("%s: exists (--force replaces it)", path);
		return EXIT_ERROR;
	}
	/* What a symbolic link names is replaced, not the link. */
	file->path = realpath(path, NULL);
	return file->path ? 0 : failed(path);
}

/* The name of the file that is written: hidden, beside the target. */
static int name_temporary(struct newfile *file)
{
	const char *slash = strrchr(file->path, '/');
	int directory = slash ? (int)(slash - file->path) + 1 : 0;
	int n = snprintf(temporary, sizeof(temporary), "%.*s.hpt-XXXXXX", directory,
			 file->path);

	file->directory = directory ? strndup(file->path, (size_t)directory) : strdup(".");
	if (!file->directory)
		return failed(file->name);
	if (n > 0 && (size_t)n < sizeof(temporary))
		return 0;
	errno = ENAMETOOLONG;
	return failed(file->name);
}

/* As open(2) would have made it: mkstemp(3) leaves others no rights. */
static void set_mode(int fd)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	(void)fchmod(fd, 0666 & ~mask);
}

int newfile_open(struct newfile *file, const char *path, bool replace, int *fd)
{
	sigset_t before;
	int ret;

	*file = (struct newfile){ .name = path, .replace = replace };
	ret = check_target(file, path);
	if (!ret)
		ret = name_temporary(file);
	if (!ret) {
		catch_signals();
		hold_signals(&before);
		*fd = mkstemp(temporary);
		temporary_exists = *fd >= 0;
		if (*fd < 0)
			ret = failed(path);
		else
			set_mode(*fd);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
	}
	if (ret)
		newfile_discard(file);
	return ret;
}

/* One step, that does not replace what somebody else made meanwhile. */
static int rename_to_new(const char *from, const char *to)
{
#ifdef SYS_renameat2
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
#else
	(void)from;
	(void)to;
	errno = ENOSYS;
	return -1;
#endif
}

/* Give the file its name, where the kernel or the file system cannot do it in one step. */
static int publish(const struct newfile *file)
{
	if (file->replace)
		return rename(temporary, file->path);
	if (!rename_to_new(temporary, file->path))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* Nor can link(2) replace anything. */
	if (!link(temporary, file->path))
		return unlink(temporary);
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
		return -1;
	/* A file system without hard links. */
	if (!access(file->path, F_OK)) {
		errno = EEXIST;
		return -1;
	}
	return rename(temporary, file->path);
}

/* What some file systems cannot do is no failure. */
static int make_last(int fd)
{
	int ret;

	do
		ret = fsync(fd);
	while (ret && errno == EINTR);
	return ret && errno != EINVAL && errno != EROFS ? -1 : 0;
}

/* The name, too, is to outlive a loss of power. A directory may be one that we cannot read. */
static int make_name_last(const struct newfile *file)
{
	int fd = open(file->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return 0;
	ret = make_last(fd);
	if (ret)
		ret = failed(file->name);
	close(fd);
	return ret;
}

/* All is written to fd, which stays open: make it last, and visible. */
int newfile_commit(struct newfile *file, int fd)
{
	sigset_t before;
	int ret;

	if (make_last(fd))
		return failed(file->name);
	hold_signals(&before);
	ret = publish(file);
	if (ret)
		ret = failed(file->name);
	else
		temporary_exists = 0;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return ret ? ret : make_name_last(file);
}

/* After a commit: only frees. Before: nothing is left of the file. */
void newfile_discard(struct newfile *file)
{
	if (temporary_exists)
		(void)unlink(temporary);
	temporary_exists = 0;
	free(file->path);
	free(file->directory);
	file->path = file->directory = NULL;
}
