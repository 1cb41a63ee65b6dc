/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_QEMU_INTERNAL_H
#define HPT_QEMU_INTERNAL_H

/*
 * What the files of this room share. Every function that can fail fills the reader's own
 * error, hpt_qemu::error, and returns its code; the public functions copy it out.
 */

#include <hpt/memory.h>
#include <hpt/qemu.h>
#include <hpt/stream.h>
#include <hpt/table.h>

#include "../core/internal.h"

/* Bytes between two calls of the progress callback. */
#define QEMU_PROGRESS_STEP ((size_t)4 << 20)
/* A whole page without a block's name: its header, its bytes. */
#define QEMU_PAGE_RECORD ((size_t)HPT_QEMU_PAGE + 8)
/* Longest name of a section, capability or RAM block: its length is one byte. */
#define QEMU_NAME_MAX 255
#define QEMU_NAME_ROOM (QEMU_NAME_MAX + 1)
/* Room for a name that was made fit to print. */
#define QEMU_PRINT_ROOM 64

/*
 * The input, as a window of bytes in memory. A mapped file or memory is one window that
 * holds everything; what is read forward only moves through a buffer.
 */
struct qemu_input {
	const unsigned char *base; /* the window's first byte */
	size_t pos;                /* next byte to use */
	size_t soft;               /* up to here no question needs to be asked */
	size_t len;                /* bytes in the window */
	uint64_t start;            /* offset of the window's first byte */
	uint64_t first;            /* offset of the input's first byte */
	uint64_t total;            /* bytes of the input, 0: not known */
	uint64_t report_at;        /* offset of the next progress report */
	bool whole;                /* the window is all of the input */
	bool ended;                /* nothing comes behind the window */
	bool file;                 /* a regular one, in which can be gone forward */
	bool keep;                 /* bytes from @kept on must stay in the window */
	size_t kept;
	unsigned char *buffer; /* of a source that is read forward only */
	size_t room;           /* its size */
	void *map;             /* of a mapped file */
	size_t map_len;
	int fd; /* read(2) from here, unless @ops */
	const struct hpt_reader_ops *ops;
	void *ctx;
};

/* How pages lie in the file: the low bits of qemu_run::what. */
enum qemu_run_kind {
	QEMU_RUN_FILL,   /* no bytes; the offset is the fill byte */
	QEMU_RUN_PAGES,  /* whole pages, a record's header before each but the first */
	QEMU_RUN_PACKED, /* whole pages without anything between them */
	QEMU_RUN_XBZRLE, /* one delta; the count is its length */
	QEMU_RUN_ZLIB,   /* one zlib stream; the count is its length */
};

/* Consecutive pages of a block, in 16 bytes: see runs.c. */
struct qemu_run {
	uint64_t place; /* first page << 20 | count */
	uint64_t what;  /* file offset << 8 | kind */
};

struct qemu_block {
	char *name;
	uint64_t length;
	uint64_t page_size;
	uint64_t mr_address;
	struct qemu_run *runs; /* in the order of the stream */
	size_t n_runs;
	size_t runs_room;
	uint64_t next_page; /* the page behind the last run */
	size_t *passes;     /* index of the first run of each ascending pass */
	size_t n_passes;
	size_t passes_room;
};

struct qemu_ram {
	struct qemu_block *blocks;
	size_t n_blocks;
	size_t blocks_room;
	struct qemu_block **by_name; /* sorted */
	struct qemu_block *current;  /* of the last page record */
	uint64_t bytes;
	uint64_t rounds;
	uint64_t records;
	bool listed; /* the list of blocks was read */
	bool begun;
	bool done;
};

struct qemu_htab {
	struct hpt_table *table;
	struct hpt_table **retired; /* handed out, then replaced by a (re)allocation */
	size_t n_retired;
	bool lent; /* @table was handed out */
	enum hpt_qemu_htab state;
	bool done;
	uint32_t order;
	uint32_t order_start;
	uint64_t rounds;
	uint64_t chunks;
	uint64_t valid;
};

/* A section that comes in rounds. */
struct qemu_section {
	uint32_t id;
	uint32_t instance;
	uint32_t version;
	bool done;
	char name[QEMU_NAME_ROOM];
};

enum qemu_footers {
	QEMU_FOOTERS_UNKNOWN,
	QEMU_FOOTERS_YES,
	QEMU_FOOTERS_NO,
};

struct hpt_qemu {
	struct qemu_input in;
	struct hpt_qemu_options options;
	struct hpt_error error;
	int failed; /* code that every later call returns, or 0 */

	char *machine;
	bool configured;
	bool mapped_ram;
	bool ignore_shared;
	bool postcopy; /* POSTCOPY_ADVISE was seen */

	struct hpt_qemu_item item;
	char name[QEMU_NAME_ROOM]; /* of the item */
	struct qemu_section *sections;
	size_t n_sections;
	size_t sections_room;
	uint64_t n_items;    /* START to FULL items */
	size_t rounds_ended; /* END items */
	enum qemu_footers footers;
	uint64_t package_end; /* offset behind a packaged stream, 0: not in one */
	bool described;       /* the description was read */
	bool ended;           /* the end of the stream was read */
	bool finished;        /* and that of the input */

	struct qemu_ram ram;
	struct qemu_htab htab;

	char **warnings;
	size_t n_warnings;
};

/* input.c */
int qemu_input_open_fd(struct hpt_qemu *q, int fd);
void qemu_input_open_memory(struct hpt_qemu *q, const void *bytes, size_t len);
void qemu_input_open_reader(struct hpt_qemu *q, const struct hpt_reader_ops *ops, void *ctx);
void qemu_input_close(struct qemu_input *in);
/* Try to have @n bytes in the window; fewer are there when the input ends. */
int qemu_input_reach(struct hpt_qemu *q, size_t n);
int qemu_input_fill(struct hpt_qemu *q, size_t n, const char *what);
int qemu_skip(struct hpt_qemu *q, uint64_t n, const char *what);
int qemu_truncated(struct hpt_qemu *q, uint64_t n, const char *what);

static inline uint64_t qemu_offset(const struct hpt_qemu *q)
{
	return q->in.start + q->in.pos;
}

static inline const unsigned char *qemu_bytes(const struct hpt_qemu *q)
{
	return q->in.base + q->in.pos;
}

/* Have @n bytes at qemu_bytes(), or fail: @what was cut off. */
static inline int qemu_need(struct hpt_qemu *q, size_t n, const char *what)
{
	if (q->in.soft - q->in.pos >= n)
		return 0;
	return qemu_input_fill(q, n, what);
}

/* Use up @n bytes that qemu_need() gave. */
static inline void qemu_use(struct hpt_qemu *q, size_t n)
{
	q->in.pos += n;
}

/* open.c */
int qemu_warn(struct hpt_qemu *q, const char *fmt, ...) HPT_PRINTF(2, 3);
int qemu_no_memory(struct hpt_qemu *q, const char *what);
/* @name cut and with every byte that is not plain ASCII replaced, for messages. */
const char *qemu_printable(char out[QEMU_PRINT_ROOM], const char *name);
/* Room for one more of @size bytes in an array that grows as it is filled. */
int qemu_grow(struct hpt_qemu *q, void **array, size_t *room, size_t n, size_t size,
	      const char *what);

/* config.c */
int qemu_read_header(struct hpt_qemu *q);
int qemu_read_configuration(struct hpt_qemu *q);
int qemu_read_command(struct hpt_qemu *q);
/* A name: one byte of length, then its bytes, none of them NUL. */
int qemu_read_name(struct hpt_qemu *q, char out[QEMU_NAME_ROOM], const char *what);

/* ram.c */
int qemu_ram_payload(struct hpt_qemu *q, enum hpt_qemu_type type);
void qemu_ram_close(struct qemu_ram *ram);

/* blocks.c */
int qemu_blocks_read(struct hpt_qemu *q, uint64_t total);
int qemu_block_find(struct hpt_qemu *q, const char *name, uint64_t offset,
		    struct qemu_block **out);

/* mapped.c */
int qemu_mapped_block(struct hpt_qemu *q, struct qemu_block *block);

/* runs.c */
int qemu_runs_add(struct hpt_qemu *q, struct qemu_block *block, uint64_t page,
		  enum qemu_run_kind kind, uint64_t offset, uint32_t length);
/* How many pages the block's last run could still take; take @n of them. */
size_t qemu_runs_room(const struct qemu_block *block);
void qemu_runs_extend(struct qemu_block *block, size_t n);

/* htab.c */
int qemu_htab_payload(struct hpt_qemu *q, enum hpt_qemu_type type);
void qemu_htab_close(struct qemu_htab *htab);

/* items.c */
int qemu_next(struct hpt_qemu *q, bool *found);

#endif /* HPT_QEMU_INTERNAL_H */
