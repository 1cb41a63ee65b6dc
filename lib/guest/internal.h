/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_GUEST_INTERNAL_H
#define HPT_GUEST_INTERNAL_H

/*
 * What the files of libhpt-guest share. This library stands on the public headers of
 * libhpt, as any other user of it does.
 */

#include <stdarg.h>

#include <hpt/guest.h>
#include <hpt/hpte.h>
#include <hpt/memory.h>
#include <hpt/mmu.h>
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
#define GUEST_PRINT_ROOM 81
/* More are passed over: pseries stops far below, and a hostile file must not. */
#define GUEST_VCPUS_MAX 8192
/* A device tree that is larger is passed over: QEMU makes none above 2 MiB. */
#define GUEST_TREE_MAX ((size_t)2 << 20)
#define GUEST_PIECES_MAX 65536

/* A save image of libvirt has its domain's XML in front: some kilobytes, and 64 KiB to spare. */
#define GUEST_XML_MAX ((size_t)16 << 20)
#define GUEST_DETAILS_ROOM 120

struct archive;
struct guest_core; /* core.h */
struct guest_kdump; /* kdump.h */

/* What makes a stream of a source's bytes, where that is not libarchive. */
struct guest_layer {
	const struct hpt_reader_ops *ops; /* or NULL: there is none */
	void *ctx;
	void (*close)(void *ctx);
};

/* Where the bytes come from: a descriptor, through a decompressor or not. */
struct guest_source {
	int fd; /* or -1: */
	const struct hpt_reader_ops *live; /* of a guest that runs, else NULL */
	void *live_ctx;
	bool regular;   /* a file, whose position can be set */
	uint64_t start; /* its position when it was given */
	uint64_t size;  /* of a regular file: bytes from there on */
	uint64_t base;  /* bytes of a container's header that were stripped before the rest */
	unsigned char magic[GUEST_MAGIC_MAX]; /* first bytes of the descriptor */
	size_t magic_len;
	size_t magic_used;
	uint64_t raw_done; /* bytes that were read of the descriptor */
	bool raw_ended;
	struct archive *archive; /* of a compressed source */
	struct guest_layer layer;
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

/* How QEMU describes one section of device state. */
struct guest_device {
	const char *name; /* of the parsed text, as @object is */
	const void *object;
	uint32_t instance;
	uint64_t length; /* of its payload */
	bool taken;      /* a section of it was read */
};

struct guest_description {
	bool looked_for;
	void *root;                   /* the parsed text */
	struct guest_device *devices; /* sorted by name, then instance */
	size_t n;
	char why[160]; /* when there is none */
};

/* Elements of one field of a section, as they lie in the stream. */
struct guest_field {
	const char *section; /* name of the device, or of its subsection */
	const char *name;    /* without a prefix ("env.") and brackets behind it */
	size_t first;        /* index of the first element */
	size_t n;            /* number of elements */
	size_t size;         /* bytes of each */
	const unsigned char *bytes;
};

typedef void guest_field_fn(void *arg, const struct guest_field *field);

struct guest_vcpu {
	uint32_t id;
	bool listed; /* it has a section "cpu" */
	bool bad;    /* which is not understood */
	bool halted;
	struct hpt_guest_vcpu *registers;
};

/* A piece of memory that the device tree names. */
struct guest_piece {
	uint64_t ra;
	uint64_t length;
	uint32_t node; /* of NUMA, as far as that is said */
};

/* RAM of a block at a real address. */
struct guest_region {
	uint64_t ra;
	uint64_t length;
	uint64_t offset;
	size_t block;
};

/* What the sections of device state gave. */
struct guest_state {
	bool read;     /* to its end */
	bool built_in; /* a remark was made that there is no description */
	bool no_footers; /* a section had none: they are not looked for again */
	size_t n_cores;  /* sections "cpu" whose length was looked for */
	int failed;    /* why not: */
	struct hpt_error why;
	struct guest_vcpu *vcpus; /* sorted by id */
	size_t n_vcpus;
	size_t vcpus_room;
	struct hpt_guest_machine machine;
	unsigned char *tree;
	struct guest_piece *pieces; /* in the order of the tree, then sorted */
	size_t n_pieces;
	size_t pieces_room;
	struct guest_region *regions; /* sorted */
	size_t n_regions;
	struct hpt_page_sizes sizes;
};

/* What a saved guest came in, if in anything. */
struct guest_container {
	const char *name; /* "libvirt", "qcow2", or NULL */
	char details[GUEST_DETAILS_ROOM];
	char *xml; /* the domain, ended by a NUL */
	size_t xml_len;
	int fd; /* of the file that a source was put into to be read in any order, or -1 */
	void *qcow2;
	void (*close)(void *qcow2);
};

/* What is read in any order. */
struct guest_file {
	int fd;
	uint64_t start; /* offset of its first byte */
	uint64_t size;
};

struct hpt_guest {
	struct guest_source source;
	struct guest_container container;
	bool own_fd;
	bool no_disk; /* what is kept of the source is kept in memory */
	struct hpt_guest_options options;
	enum hpt_source_kind kind;
	struct hpt_qemu *qemu;
	struct guest_core *core;   /* of an ELF core */
	struct guest_kdump *kdump; /* of a kdump file */
	struct hpt_table *table;   /* of a stream, image or core */
	void *map;               /* of an image */
	size_t map_len;
	struct hpt_table *own_table; /* of a bare machine, when it was asked for */
	int spool;                   /* descriptor of the temporary file, or -1 */
	struct guest_description description;
	struct guest_state state;
	char run_state[GUEST_RUN_STATE_ROOM];
	uint32_t vcpus;
	char *vmcoreinfo; /* the text of the note, when it was looked for and found */
	size_t vmcoreinfo_len;
	uint64_t vmcoreinfo_ra;
	bool vmcoreinfo_little;
	bool no_vmcoreinfo; /* it was looked for, and there is none */
	char *warnings[GUEST_WARNINGS_MAX];
	size_t n_warnings;
};

/* guest.c: a stream that a reader gives, of which nothing is kept on disk. */
int guest_open_live(const struct hpt_reader_ops *ops, void *ctx,
		    const struct hpt_guest_options *options, struct hpt_guest **out,
		    struct hpt_error *err);
/* The reader goes; the source is at its end from now on. */
void guest_live_end(struct hpt_guest *guest);

/* error.c */
/* Text of a file made fit to print: cut, and ? for each byte that is not plain ASCII. */
const char *guest_printable(char out[GUEST_PRINT_ROOM], const char *text);
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
/* A structure of options that begins with its size; what is unknown in it must be 0. */
int guest_struct_in(void *to, const void *from, size_t size, const char *what,
		    struct hpt_error *err);
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
/*
 * The source begins anew behind its first @n bytes, which are just those that guest_source_peek()
 * was asked for: a container's header, and what follows may be compressed.
 */
int guest_source_strip(struct guest_source *source, size_t n, struct hpt_error *err);
/* Read all of @len bytes at @offset; the descriptor's position stays. */
int guest_read_at(int fd, uint64_t offset, void *bytes, size_t len, struct hpt_error *err);
/* The source begins anew with what @ops read; the context is not closed with it. */
void guest_source_replace(struct guest_source *source, const struct hpt_reader_ops *ops,
			  void *ctx);
/* @n bytes more of the file were read otherwise: told to the progress callback. */
int guest_source_progress(struct guest_source *source, size_t n, struct hpt_error *err);
/* Set a regular file's position back to its start. */
int guest_source_rewind(struct guest_source *source, struct hpt_error *err);
/* Reads decompressed bytes, those of the head first; the context is the source. */
extern const struct hpt_reader_ops guest_source_ops;

/* compress.c */
int guest_decompress_open(struct guest_source *source, struct hpt_error *err);
int guest_decompress_read(struct guest_source *source, void *bytes, size_t len, size_t *got,
			  struct hpt_error *err);
void guest_decompress_close(struct guest_source *source);

/* lzo.c: LZO1X; *@len receives the bytes that were made, also of what is bad (false). */
bool guest_lzo_decode(const unsigned char *in, size_t in_len, unsigned char *out, size_t room,
		      size_t *len);

/* lzop.c */
bool guest_lzop_is(const struct guest_source *source);
int guest_lzop_open(struct guest_source *source, struct hpt_error *err);

/* file.c: the source itself when it is a plain file, else a temporary one. */
int guest_file_of(struct hpt_guest *guest, struct guest_file *file, struct hpt_error *err);
/* The temporary file, from now on of the container. */
int guest_file_kept(struct hpt_guest *guest, struct guest_file *file, struct hpt_error *err);
/* All of [offset, offset + len), or an error that says what was to be read there. */
int guest_file_read(const struct guest_file *file, uint64_t offset, void *bytes, size_t len,
		    const char *what, struct hpt_error *err);

/* snappy.c */
bool guest_snappy_decode(const unsigned char *in, size_t in_len, unsigned char *out,
			 size_t room, size_t *len);

/*
 * zstd.c: a frame of @len bytes, behind which others may lie; HPT_ERR_FORMAT, _MEMORY, or
 * _UNSUPPORTED: this build has no libarchive.
 */
int guest_zstd_decode(const unsigned char *in, size_t in_len, unsigned char *out, size_t len);

/* kdump.c, kdump_page.c: a kdump-compressed dump. */
bool guest_kdump_is(const struct guest_source *source);
int guest_kdump_open(struct hpt_guest *guest, struct hpt_error *err);
void guest_kdump_close(struct guest_kdump *k);
/* Bytes of all pages that are there. */
uint64_t guest_kdump_bytes(const struct guest_kdump *k);
int guest_kdump_no_table(struct hpt_error *err);
/* What lies in the first page of a range, *@n bytes; NULL @bytes: only see whether it can be. */
int guest_kdump_read(const struct guest_kdump *k, uint64_t ra, size_t len, unsigned char *bytes,
		     size_t *n, struct hpt_error *err);

/* qcow2.c: a guest in a snapshot of a disk image. */
bool guest_qcow2_is(const struct guest_source *source);
int guest_qcow2_open(struct hpt_guest *guest, struct hpt_error *err);

/* libvirt.c: open the stream in a save image of libvirt, whose first bytes are at the head. */
bool guest_libvirt_is(const struct guest_source *source);
int guest_libvirt_open(struct hpt_guest *guest, struct hpt_error *err);

/* libvirt_xml.c: the memory that the domain's XML names, NULL, or why there is none. */
const char *guest_xml_read(struct hpt_guest *guest);

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

/* image_table.c: an image that begins at @start of a file, read when the table is. */
int guest_image_table(int fd, uint64_t start, unsigned int order, struct hpt_table **out,
		      struct hpt_error *err);
/*
 * Where data next are from @at on, in bytes from @start, or @size when none are to come. In a
 * file that was cut they seem to be at @at, where reading fails.
 */
uint64_t guest_image_data(int fd, uint64_t start, uint64_t at, uint64_t size);

/* saved.c */
int guest_saved_open(struct hpt_guest *guest, struct hpt_error *err);

/* description.c */
int guest_description_find(struct guest_description *description, const unsigned char *bytes,
			   size_t len, struct hpt_error *err);
/* What describes a section, or NULL: nothing does. */
struct guest_device *guest_description_device(const struct guest_description *description,
					      const char *name, uint32_t instance);
void guest_description_close(struct guest_description *description);

/* fields.c */
uint64_t guest_load(const unsigned char *bytes, size_t size);
/* A field's name without what stands before its last dot, and brackets behind it. */
void guest_field_name(char *out, size_t room, const char *name);
/* Give each field of a section to @fn, as its description says; false when that led astray. */
bool guest_fields_described(const struct guest_device *device, const unsigned char *bytes,
			    size_t len, guest_field_fn *fn, void *arg);

/* layout.c: the same by the layouts that are built in. */
bool guest_fields_built_in(const char *name, const unsigned char *bytes, size_t len,
			   guest_field_fn *fn, void *arg);

/* sections.c: for each section of device state. */
int guest_section(void *arg, struct hpt_qemu *q, const struct hpt_qemu_item *item,
		  uint64_t *length, struct hpt_error *err);

/* registers.c */
bool guest_is_cpu(const char *name);
int guest_take_cpu(struct guest_state *state, const char *name, uint32_t id, size_t len,
		   struct guest_vcpu **out, struct hpt_error *err);
void guest_take_halted(void *arg, const struct guest_field *field);
void guest_take_register(void *arg, const struct guest_field *field);

/* machine.c */
void guest_take_machine(void *arg, const struct guest_field *field);
/* All of device state was read: what follows of it. */
int guest_state_finish(struct hpt_guest *guest, struct hpt_error *err);
void guest_state_close(struct guest_state *state);
/* Is the device state, @what, there? */
int guest_state_check(const struct hpt_guest *guest, const char *what, struct hpt_error *err);

/* tree.c */
/* Memory that a tree or a domain names; false: no memory for it, or too many. */
bool guest_add_piece(struct guest_state *state, uint64_t ra, uint64_t length, uint32_t numa);
/* NULL when the tree was understood, else why not. */
const char *guest_tree_read(struct guest_state *state);

/* map.c */
int guest_map_make(struct hpt_guest *guest, struct hpt_error *err);
/* The region with an address, or NULL. */
const struct guest_region *guest_map_find(const struct guest_state *state, uint64_t ra);

/* pages.c: a page of a block as the stream's records leave it. */
int guest_page_read(const struct hpt_guest *guest, size_t block, uint64_t page,
		    unsigned char out[HPT_QEMU_PAGE], struct hpt_error *err);
/* Bytes of it, all in one page; some may be put out on failure. */
int guest_page_part(const struct hpt_guest *guest, size_t block, uint64_t page, size_t offset,
		    size_t len, unsigned char *out, struct hpt_error *err);
/* The page where it lies, or NULL. */
const unsigned char *guest_page_view(const struct hpt_guest *guest, size_t block,
				     uint64_t page);

int guest_memory_fd(const struct hpt_guest *guest);

/* memory.c */
extern const struct hpt_memory_ops guest_memory_ops;

/* vcpu.c */
bool guest_is_bare(const struct hpt_guest *guest);

/* spool.c: put all of a source that is read forward only into a temporary file. */
int guest_spool(struct hpt_guest *guest, struct hpt_error *err);
/* Make the temporary file; put bytes into it, in any order. */
int guest_spool_open(struct hpt_guest *guest, struct hpt_error *err);
int guest_spool_put(struct hpt_guest *guest, const unsigned char *bytes, size_t len,
		    uint64_t at, struct hpt_error *err);

/* core_read.c: an ELF core */
int guest_core_open(struct hpt_guest *guest, struct hpt_error *err);
void guest_core_close(struct guest_core *core);
/* Bytes of one region. */
int guest_core_read(const struct hpt_guest *guest, const struct guest_region *region,
		    uint64_t ra, size_t len, unsigned char *bytes, struct hpt_error *err);
int guest_core_table(struct hpt_guest *guest, struct hpt_table **out, struct hpt_error *err);
bool guest_core_bare(const struct guest_core *core);
int guest_core_info(const struct hpt_guest *guest, struct hpt_guest_info *known);
int guest_core_block(const struct hpt_guest *guest, size_t i, struct hpt_guest_block *block,
		     struct hpt_error *err);

#endif /* HPT_GUEST_INTERNAL_H */
