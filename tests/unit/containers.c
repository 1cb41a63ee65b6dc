/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Containers for tests that have no interest in their bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include <hpt/core.h>

#include "containers.h"
#include "kdump_file.h"
#include "qcow2_file.h"

static struct bytes copy_of(const void *bytes, size_t len)
{
	struct bytes b = { NULL, 0 };

	bytes_fill(&b, len, 0);
	memcpy(b.data, bytes, len);
	return b;
}

/* By a libvirt on a big-endian host, with a domain of 10 bytes. */
void *libvirt_container(const void *stream, size_t len, size_t *made)
{
	struct bytes b = bytes_of("\"LibvirtQemudSave\" u32 2 u32 10 u32 0 u32 0 u32 0 "
				  "fill 56 0 \"<domain/>\" u8 0 "),
		     state = copy_of(stream, len);

	bytes_add(&b, &state);
	bytes_free(&state);
	*made = b.len;
	return b.data;
}

void *qcow2_container(const void *stream, size_t len, bool packed, size_t *made)
{
	const struct recipe recipe = {
		3, 15, packed ? PACKED : RAW, UINT64_C(1) << 30, 24, { "one" }, 1
	};
	struct bytes state = copy_of(stream, len), b = image_with(&recipe, &state);

	bytes_free(&state);
	*made = b.len;
	return b.data;
}

void *kdump_container(bool flat, size_t *made)
{
	struct bytes b = dump_of(0), pieces = { NULL, 0 };

	if (flat) {
		pieces = flat_of(&b, 5000);
		bytes_free(&b);
		b = pieces;
	}
	*made = b.len;
	return b.data;
}

static int put_bytes(void *ctx, const void *bytes, size_t len, struct hpt_error *err)
{
	(void)err;
	assert_int_equal(write(*(const int *)ctx, bytes, len), len);
	return 0;
}

static int put_hole(void *ctx, uint64_t len, struct hpt_error *err)
{
	(void)err;
	assert_true(lseek(*(const int *)ctx, (off_t)len, SEEK_CUR) >= 0);
	return 0;
}

void core_container(const char *saved, const char *path)
{
	const struct hpt_writer_ops ops = { .size = sizeof(ops),
					    .write = put_bytes,
					    .skip = put_hole };
	int fd = open(path, O_WRONLY | O_TRUNC);
	struct hpt_guest *guest;
	struct hpt_error err;

	assert_true(fd >= 0);
	if (hpt_guest_open(saved, NULL, &guest, &err) ||
	    hpt_guest_write_core(guest, NULL, &ops, &fd, &err))
		fail_msg("%s", err.text);
	assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_CUR)), 0);
	hpt_guest_close(guest);
	close(fd);
}
