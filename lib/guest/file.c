/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Containers that are read in any order: a file, or one that a source was put into. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <unistd.h>

#include "internal.h"

int guest_file_kept(struct hpt_guest *guest, struct guest_file *file, struct hpt_error *err)
{
	off_t size;

	guest->container.fd = guest->spool;
	guest->spool = -1;
	size = lseek(guest->container.fd, 0, SEEK_END);
	if (size < 0)
		return guest_fail_errno(err, errno, "cannot tell a temporary file's size");
	*file = (struct guest_file){ guest->container.fd, 0, (uint64_t)size };
	return 0;
}

int guest_file_of(struct hpt_guest *guest, struct guest_file *file, struct hpt_error *err)
{
	const struct guest_source *source = &guest->source;
	int r;

	if (guest_source_plain(source)) {
		*file = (struct guest_file){ source->fd, source->start, source->size };
		return 0;
	}
	r = guest_spool(guest, err);
	return r ? r : guest_file_kept(guest, file, err);
}

int guest_file_read(const struct guest_file *file, uint64_t offset, void *bytes, size_t len,
		    const char *what, struct hpt_error *err)
{
	unsigned char *to = bytes;
	size_t done = 0;
	ssize_t n;

	if (offset > file->size || len > file->size - offset)
		return guest_fail_offset(err, HPT_ERR_TRUNCATED, offset,
					 "%s at offset 0x%llx: %zu bytes that lead beyond the "
					 "file's end at 0x%llx",
					 what, (unsigned long long)offset, len,
					 (unsigned long long)file->size);
	for (; done < len; done += (size_t)n) {
		do
			n = pread(file->fd, to + done, len - done,
				  (off_t)(file->start + offset + done));
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return guest_fail_errno(err, errno, "cannot read %s at offset 0x%llx",
						what, (unsigned long long)(offset + done));
		if (!n)
			return guest_fail_offset(err, HPT_ERR_TRUNCATED, offset + done,
						 "%s at offset 0x%llx: the file was shortened",
						 what, (unsigned long long)(offset + done));
	}
	return 0;
}
