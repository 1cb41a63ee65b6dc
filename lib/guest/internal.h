/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_GUEST_INTERNAL_H
#define HPT_GUEST_INTERNAL_H

/*
 * What the files of libhpt-guest share. This library stands on the public headers of
 * libhpt, as any other user of it does.
 */

#include <stdarg.h>

#include <hpt/guest.h>
#include <hpt/qemu.h>
#include <hpt/stream.h>
#include <hpt/table.h>

/* Most bytes of a source that are looked at to find out what it is. */
#define GUEST_HEAD_MAX ((size_t)1 << 20)
/* Bytes that tell a compressed file or a container. */
#define GUEST_MAGIC_MAX 64
#define GUEST_COMPRESSION_ROOM 64
/* Most bytes of a saved guest's device state that are taken into memory, where it can only
 * be read forward, to find its description. */
#define GUEST_REST_MAX ((size_t)64 << 20)
#define GUEST_RUN_STATE_ROOM 101
#define GUEST_WARNINGS_MAX 16

struct archive;

/* Where the bytes come from: a descriptor, through a decompressor or not. */
struct guest_source {
	int fd;
	bool regular;   /* a file, whose position can be set */
	uint64_t start; /* its position when it was given */
	uint64_t size;  /* of a regular file: bytes from there on */
	unsigned char magic[GUEST_MAGIC_MAX]; /* first bytes of the descriptor */
	size_t magic_len;
	size_t magic_used;
	uint64_t raw_done; /* bytes that were read of the descriptor */
	bool raw_ended;
	struct archive *archive; /* of a compressed source */
	unsigned char *raw;      /* its input buffer */
	int raw_failed;          /* what reading the descriptor came to, for its callback */
	struct hpt_error raw_error;
	char compression[GUEST_COMPRESSION_ROOM];
	unsigned char *head; /* first bytes, decompressed */
	size_t head_len;
	size_t head_used;
	bool head_whole; /* there are no more */
	hpt_guest_progress_fn *progress;
	void *arg;
	uint64_t report_at;
};

/* Length of the payload of one section of device state. */
struct guest_device {
	char *name;
	uint32_t instance;
	uint64_t length;
};

struct guest_description {
	bool looked_for;
	struct guest_device *devices; /* sorted by name, then instance */
	size_t n;
	char why[160]; /* when there is none */
};

struct hpt_guest {
	struct guest_source source;
	bool own_fd;
	struct hpt_guest_options options;
	enum hpt_source_kind kind;
	struct hpt_qemu *qemu;
	struct hpt_table *table; /* of a stream or image */
	void *map;               /* of an image */
	size_t map_len;
	struct guest_description description;
	char run_state[GUEST_RUN_STATE_ROOM];
	uint32_t vcpus;
	char *warnings[GUEST_WARNINGS_MAX];
	size_t n_warnings;
};

/* error.c */
int guest_fail(struct hpt_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int guest_fail_offset(struct hpt_error *err, int code, uint64_t offset, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Adds the errno's text. */
int guest_fail_errno(struct hpt_error *err, int os_errno, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Too many, or no memory: the remark is dropped. */
void guest_warn(struct hpt_guest *guest, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int guest_options_in(struct hpt_guest_options *to, const struct hpt_guest_options *from,
		     struct hpt_error *err);
int guest_result_out(void *to, const void *from, size_t size, const char *what,
		     struct hpt_error *err);

/* source.c */
int guest_source_open(struct guest_source *source, int fd, struct hpt_error *err);
void guest_source_close(struct guest_source *source);
/* Have the first @n bytes at guest_source::head, or all there are. */
int guest_source_peek(struct guest_source *source, size_t n, struct hpt_error *err);
/* Bytes of the descriptor, as they are. */
int guest_raw_read(struct guest_source *source, void *bytes, size_t len, size_t *got,
		   struct hpt_error *err);
/* A regular file that is not compressed: its bytes may be mapped. */
bool guest_source_plain(const struct guest_source *source);
/* Set a regular file's position back to its start. */
int guest_source_rewind(struct guest_source *source, struct hpt_error *err);
/* Reads decompressed bytes, those of the head first; the context is the source. */
extern const struct hpt_reader_ops guest_source_ops;

/* compress.c */
int guest_decompress_open(struct guest_source *source, struct hpt_error *err);
int guest_decompress_read(struct guest_source *source, void *bytes, size_t len, size_t *got,
			  struct hpt_error *err);
void guest_decompress_close(struct guest_source *source);

/* detect.c */
int guest_detect(struct hpt_guest *guest, struct hpt_error *err);

/* image.c: how the entries of what may be an image look. */
struct guest_votes {
	uint64_t good; /* valid, and may stand where they are */
	uint64_t bad;  /* valid, and may not */
	uint64_t odd;  /* not valid, and doubleword 0 is not zero */
};

/* @order 0: not known, so that only the entries themselves are looked at. */
void guest_image_look(const unsigned char *bytes, size_t entries, uint64_t ptex,
		      unsigned int order, struct guest_votes *votes);
bool guest_image_likely(const struct guest_votes *votes);
bool guest_image_blank(const struct guest_votes *votes);
/* The order of an image of @size bytes, or 0. */
unsigned int guest_image_order(uint64_t size);
/* Look at a plain file's entries through guest_image_look(). */
int guest_image_look_file(const struct guest_source *source, unsigned int order,
			  struct guest_votes *votes, struct hpt_error *err);
int guest_image_open(struct hpt_guest *guest, struct hpt_error *err);

/* saved.c */
int guest_saved_open(struct hpt_guest *guest, struct hpt_error *err);

/* description.c */
int guest_description_find(struct guest_description *description, const unsigned char *bytes,
			   size_t len, struct hpt_error *err);
/* The length of a section, or NULL: not known. */
const uint64_t *guest_description_length(const struct guest_description *description,
					 const char *name, uint32_t instance);
void guest_description_close(struct guest_description *description);

#endif /* HPT_GUEST_INTERNAL_H */
