/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Opening and closing a source, and what it has as a table. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <hpt/capture.h>
#include <hpt/debugfs.h>

#include "internal.h"

static int open_stream(struct hpt_guest *guest, struct hpt_error *err)
{
	struct hpt_capture_options options = {
		.size = sizeof(options),
		.dialect = guest->options.dialect,
		.order = guest->options.order,
		.passes = guest->options.passes,
	};
	struct hpt_capture_info info = { .size = sizeof(info) };
	int r;

	if (guest->options.flags & HPT_GUEST_GUESS_ORDER)
		options.flags |= HPT_CAPTURE_GUESS_ORDER;
	r = hpt_capture_open_reader(&guest_source_ops, &guest->source, &options, &guest->table,
				    err);
	if (r || hpt_capture_info(guest->table, &info, NULL))
		return r;
	if (info.order_guessed)
		guest_warn(guest, "the order was guessed: %u is the smallest that holds what the "
			   "stream names; virtual addresses may be wrong",
			   hpt_table_order(guest->table));
	return 0;
}

static int open_listing(struct hpt_guest *guest, struct hpt_error *err)
{
	struct hpt_debugfs_options options = { .size = sizeof(options),
					       .order = guest->options.order };
	int r;

	if (guest->options.flags & HPT_GUEST_CLASSIC)
		options.flags = HPT_DEBUGFS_CLASSIC;
	else if (guest->options.flags & HPT_GUEST_V3)
		options.flags = HPT_DEBUGFS_V3;
	r = hpt_debugfs_open_reader(&guest_source_ops, &guest->source, &options, &guest->table,
				    err);
	if (!r && !options.order)
		guest_warn(guest, "a listing does not say the order: %u is the least that holds "
			   "it; if the table is larger, virtual addresses may be wrong and "
			   "translations fail",
			   hpt_table_order(guest->table));
	return r;
}

static int open_kind(struct hpt_guest *guest, struct hpt_error *err)
{
	switch (guest->kind) {
	case HPT_SOURCE_QEMU:
		/* A disk image of which none was chosen has only a list. */
		return guest->state.failed ? 0 : guest_saved_open(guest, err);
	case HPT_SOURCE_STREAM:
		return open_stream(guest, err);
	case HPT_SOURCE_IMAGE:
		return guest_image_open(guest, err);
	case HPT_SOURCE_LISTING:
		return open_listing(guest, err);
	case HPT_SOURCE_CORE:
		return guest_core_open(guest, err);
	case HPT_SOURCE_KDUMP:
		return guest_kdump_open(guest, err);
	default:
		return guest_fail(err, HPT_ERR_ARGUMENT, "unknown kind of source");
	}
}

static int open_all(struct hpt_guest *guest, int fd, struct hpt_error *err)
{
	int r;

	guest->source.fd = fd;
	guest->no_disk = guest->source.live != NULL;
	guest->source.progress = guest->options.progress;
	guest->source.arg = guest->options.arg;
	guest->vcpus = HPT_GUEST_VCPUS_UNKNOWN;
	r = guest_source_open(&guest->source, fd, err);
	if (!r)
		r = guest_detect(guest, err);
	if (!r)
		r = open_kind(guest, err);
	return r;
}

/* Takes the descriptor over when @own_fd, also on failure. */
static int open_source(int fd, bool own_fd, const char *name,
		       const struct hpt_guest_options *options, struct hpt_guest **out,
		       struct hpt_error *err)
{
	struct hpt_guest *guest = calloc(1, sizeof(*guest));
	int r;

	if (!guest) {
		if (own_fd)
			close(fd);
		return guest_fail(err, HPT_ERR_MEMORY, "%s: out of memory", name);
	}
	guest->own_fd = own_fd;
	guest->spool = -1;
	guest->container.fd = -1;
	r = guest_options_in(&guest->options, options, err);
	if (!r)
		r = open_all(guest, fd, err);
	guest->options.snapshot = NULL; /* the caller's */
	if (!r) {
		*out = guest;
		return 0;
	}
	hpt_error_prepend(err, name);
	guest->source.fd = fd;
	hpt_guest_close(guest);
	return r;
}

static int open_path(const char *path, int *fd, struct hpt_error *err)
{
	do
		*fd = open(path, O_RDONLY | O_CLOEXEC);
	while (*fd < 0 && errno == EINTR);
	return *fd < 0 ? guest_fail_errno(err, errno, "%s: cannot open", path) : 0;
}

/* "disk#NAME": a snapshot in a disk image. A file that has just this name came first. */
static bool open_disk(const char *path, int *fd, const char **snapshot)
{
	char *disk = strdup(path), *mark;
	bool found = false;

	for (mark = disk ? strchr(disk, '#') : NULL; mark && !found; mark = strchr(mark + 1, '#')) {
		*mark = '\0';
		found = !open_path(disk, fd, NULL);
		if (found)
			*snapshot = path + (mark - disk) + 1;
		*mark = '#';
	}
	free(disk);
	return found;
}

int guest_open_live(const struct hpt_reader_ops *ops, void *ctx,
		    const struct hpt_guest_options *options, struct hpt_guest **out,
		    struct hpt_error *err)
{
	struct hpt_guest *guest = calloc(1, sizeof(*guest));
	int r;

	if (!guest)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory");
	guest->spool = -1;
	guest->container.fd = -1;
	guest->source.live = ops;
	guest->source.live_ctx = ctx;
	guest->options = *options;
	r = open_all(guest, -1, err);
	if (r)
		hpt_guest_close(guest);
	else
		*out = guest;
	return r;
}

void guest_live_end(struct hpt_guest *guest)
{
	guest->source.live = NULL;
}

int hpt_guest_open(const char *path, const struct hpt_guest_options *options,
		   struct hpt_guest **out, struct hpt_error *err)
{
	struct hpt_guest_options taken;
	struct hpt_error why;
	int fd, r;

	if (!path || !out)
		return guest_fail(err, HPT_ERR_ARGUMENT, "hpt_guest_open: a NULL");
	r = guest_options_in(&taken, options, err);
	if (r)
		return r;
	taken.size = sizeof(taken);
	r = open_path(path, &fd, &why);
	if (r && why.os_errno == ENOENT && !taken.snapshot &&
	    open_disk(path, &fd, &taken.snapshot))
		r = 0;
	if (!r)
		return open_source(fd, true, path, &taken, out, err);
	if (err)
		*err = why;
	return r;
}

int hpt_guest_open_fd(int fd, const char *name, const struct hpt_guest_options *options,
		      struct hpt_guest **out, struct hpt_error *err)
{
	if (fd < 0 || !name || !out)
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "hpt_guest_open_fd: a bad descriptor or a NULL");
	return open_source(fd, false, name, options, out, err);
}

void hpt_guest_close(struct hpt_guest *guest)
{
	size_t i;

	if (!guest)
		return;
	hpt_table_close(guest->table);
	hpt_table_close(guest->own_table);
	hpt_qemu_close(guest->qemu);
	guest_core_close(guest->core);
	free(guest->vmcoreinfo);
	if (guest->spool >= 0)
		close(guest->spool);
	if (guest->map)
		munmap(guest->map, guest->map_len);
	guest_description_close(&guest->description);
	guest_state_close(&guest->state);
	guest_source_close(&guest->source);
	guest_kdump_close(guest->kdump);
	if (guest->container.close)
		guest->container.close(guest->container.qcow2);
	if (guest->container.fd >= 0)
		close(guest->container.fd);
	free(guest->container.xml);
	for (i = 0; i < guest->n_warnings; i++)
		free(guest->warnings[i]);
	if (guest->own_fd)
		close(guest->source.fd);
	free(guest);
}

/* A table that cannot be looked for is none; one that is there and wrong says so. */
static int not_found(int r, struct hpt_error *err)
{
	bool none = r == HPT_ERR_ARGUMENT || r == HPT_ERR_UNSUPPORTED || r == HPT_ERR_RANGE ||
		    r == HPT_ERR_SECTION_LENGTH;

	hpt_error_prepend(err, "a bare machine keeps its table in its own memory");
	if (none && err)
		err->code = HPT_ERR_NO_HPT;
	return none ? HPT_ERR_NO_HPT : r;
}

/* Where vCPU 0's SDR1 or PTCR says. */
static int own_table(struct hpt_guest *guest, struct hpt_table **out, struct hpt_error *err)
{
	struct hpt_memory_options options = {
		.size = sizeof(options),
		.flags = HPT_MEMORY_READ_ONLY,
	};
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	const struct hpt_memory_ops *ops;
	void *ctx;
	int r = 0;

	if (!guest->own_table) {
		r = hpt_guest_cpu(guest, 0, &cpu, err);
		if (!r)
			r = hpt_guest_memory(guest, &ops, &ctx, err);
		if (!r)
			r = hpt_find_table(&cpu, ops, ctx, &options, &guest->own_table, err);
	}
	if (r)
		return not_found(r, err);
	*out = guest->own_table;
	return 0;
}

int hpt_guest_table(struct hpt_guest *guest, struct hpt_table **out, struct hpt_error *err)
{
	if (!guest || !out)
		return guest_fail(err, HPT_ERR_ARGUMENT, "hpt_guest_table: a NULL");
	if (guest_is_bare(guest))
		return own_table(guest, out, err);
	if (guest->core)
		return guest_core_table(guest, out, err);
	if (guest->qemu)
		return hpt_qemu_table(guest->qemu, out, err);
	if (guest->kdump)
		return guest_kdump_no_table(err);
	if (!guest->table)
		return guest_fail(err, HPT_ERR_NO_HPT, "%s", guest->state.why.text);
	*out = guest->table;
	return 0;
}

int hpt_guest_apply(struct hpt_guest *guest, const char *path, struct hpt_error *err)
{
	struct guest_source source = { .fd = -1 };
	int fd, r;

	if (!guest || !path)
		return guest_fail(err, HPT_ERR_ARGUMENT, "hpt_guest_apply: a NULL");
	if (guest->kind != HPT_SOURCE_STREAM)
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "%s: a pass applies to a captured stream, and the source is of "
				  "kind %s", path, hpt_source_kind_name(guest->kind));
	r = open_path(path, &fd, err);
	if (r)
		return r;
	source.progress = guest->options.progress;
	source.arg = guest->options.arg;
	r = guest_source_open(&source, fd, err);
	if (!r)
		r = hpt_capture_apply(guest->table, &guest_source_ops, &source, err);
	if (r)
		hpt_error_prepend(err, path);
	guest_source_close(&source);
	close(fd);
	return r;
}
