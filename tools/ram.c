/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool.h"

/* A machine's memory as a plain file: byte n of the file is the byte at real address n. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads that need no memory. */
#define BUFFER_BYTES 4096

static int failed(const char *path, const char *why)
{
	complain("%s: %s", path, why);
	return EXIT_ERROR;
}

static int look(struct ram *ram, int fd)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return failed(ram->path, strerror(errno));
	if (!S_ISREG(stat.st_mode))
		return failed(ram->path, "a RAM image must be a plain file");
	if (stat.st_size <= 0)
		return failed(ram->path, "the file is empty");
	ram->fd = fd;
	ram->len = (uint64_t)stat.st_size;
	return 0;
}

int ram_open(struct ram *ram, const char *path)
{
	int fd, ret;

	*ram = (struct ram){ .path = path };
	if (strcmp(path, "-") == 0) {
		ram->path = "standard input";
		return look(ram, STDIN_FILENO);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return failed(path, strerror(errno));
	ret = look(ram, fd);
	if (ret)
		close(fd);
	return ret;
}

void ram_close(struct ram *ram)
{
	if (ram->len && ram->fd != STDIN_FILENO)
		close(ram->fd);
	ram->len = 0;
}

/* At @ra something cannot be had. */
static int no_bytes(struct hpt_error *err, uint64_t ra, int code, int number, const char *text)
{
	hpt_error_fill(err, code, number, text);
	err->has |= HPT_ERROR_HAS_ADDRESS;
	err->address = ra;
	return code;
}

static int beyond(const struct ram *ram, uint64_t ra, size_t len, struct hpt_error *err)
{
	char text[HPT_ERROR_TEXT];

	(void)snprintf(text, sizeof(text), "%s: %zu bytes at 0x%llx: the image ends at 0x%llx",
		       ram->path, len, (unsigned long long)ra, (unsigned long long)ram->len);
	return no_bytes(err, ra < ram->len ? ram->len : ra, HPT_ERR_RANGE, 0, text);
}

/* The file may be shortened, or fail, while it is looked at: so it is read, not mapped. */
static int read_failed(const struct ram *ram, uint64_t ra, int number, struct hpt_error *err)
{
	char text[HPT_ERROR_TEXT];

	if (number) {
		(void)snprintf(text, sizeof(text), "%s: cannot read at 0x%llx: %s", ram->path,
			       (unsigned long long)ra, strerror(number));
		return no_bytes(err, ra, HPT_ERR_SYSTEM, number, text);
	}
	(void)snprintf(text, sizeof(text), "%s: the image ends at 0x%llx: it was shortened",
		       ram->path, (unsigned long long)ra);
	return no_bytes(err, ra, HPT_ERR_TRUNCATED, 0, text);
}

static int read_part(const struct ram *ram, uint64_t ra, size_t len, unsigned char *bytes,
		     struct hpt_error *err)
{
	while (len > 0) {
		ssize_t n = pread(ram->fd, bytes, len, (off_t)ra);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return read_failed(ram, ra, n < 0 ? errno : 0, err);
		bytes += n;
		ra += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* What is read goes through a buffer, for nothing is put out when not all can be had. */
static int read_bytes(void *ctx, uint64_t ra, size_t len, void *bytes, struct hpt_error *err)
{
	const struct ram *ram = ctx;
	unsigned char few[BUFFER_BYTES], *whole = few;
	int ret;

	if (ra > ram->len || len > ram->len - ra)
		return beyond(ram, ra, len, err);
	if (len > sizeof(few))
		whole = malloc(len);
	if (!whole)
		return no_bytes(err, ra, HPT_ERR_MEMORY, 0, "no memory to read a RAM image");
	ret = read_part(ram, ra, len, whole, err);
	if (!ret)
		memcpy(bytes, whole, len);
	if (whole != few)
		free(whole);
	return ret;
}

const struct hpt_memory_ops ram_ops = {
	.size = sizeof(ram_ops),
	.read = read_bytes,
};
