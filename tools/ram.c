/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool.h"

/* A machine's memory as a plain file: byte n of the file is the byte at real address n. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(const char *path, const char *why)
{
	complain("%s: %s", path, why);
	return EXIT_ERROR;
}

static int map(struct ram *ram, int fd)
{
	struct stat stat;
	void *bytes;

	if (fstat(fd, &stat))
		return failed(ram->path, strerror(errno));
	if (!S_ISREG(stat.st_mode))
		return failed(ram->path, "a RAM image must be a plain file");
	if (stat.st_size <= 0)
		return failed(ram->path, "the file is empty");
	if ((uintmax_t)stat.st_size > SIZE_MAX)
		return failed(ram->path, "the file does not fit into the address space");
	ram->len = (size_t)stat.st_size;
	bytes = mmap(NULL, ram->len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return failed(ram->path, strerror(errno));
	ram->bytes = bytes;
	return 0;
}

int ram_open(struct ram *ram, const char *path)
{
	int fd, ret;

	*ram = (struct ram){ .path = path };
	if (strcmp(path, "-") == 0) {
		ram->path = "standard input";
		return map(ram, STDIN_FILENO);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return failed(path, strerror(errno));
	ret = map(ram, fd);
	close(fd);
	return ret;
}

void ram_close(struct ram *ram)
{
	if (ram->bytes)
		munmap((void *)(uintptr_t)ram->bytes, ram->len);
	ram->bytes = NULL;
}

static const void *view(void *ctx, uint64_t ra, size_t len)
{
	const struct ram *ram = ctx;

	return ra <= ram->len && len <= ram->len - ra ? ram->bytes + ra : NULL;
}

static int read_bytes(void *ctx, uint64_t ra, size_t len, void *bytes, struct hpt_error *err)
{
	const struct ram *ram = ctx;
	const void *from = view(ctx, ra, len);
	char text[HPT_ERROR_TEXT];

	if (from) {
		memcpy(bytes, from, len);
		return 0;
	}
	(void)snprintf(text, sizeof(text), "%s: %zu bytes at 0x%llx: the image ends at 0x%llx",
		       ram->path, len, (unsigned long long)ra, (unsigned long long)ram->len);
	hpt_error_fill(err, HPT_ERR_RANGE, 0, text);
	err->has |= HPT_ERROR_HAS_ADDRESS;
	err->address = ra < ram->len ? ram->len : ra;
	return HPT_ERR_RANGE;
}

const struct hpt_memory_ops ram_ops = {
	.size = sizeof(ram_ops),
	.read = read_bytes,
	.view = view,
};
