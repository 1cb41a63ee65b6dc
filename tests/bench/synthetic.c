/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Saved guests in QEMU's form (its migration/ram.c), as large as one likes. */

#include "bench.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "synthetic.h"

#define RAM_ZERO 0x002u
#define RAM_MEM_SIZE 0x004u
#define RAM_PAGE 0x008u
#define RAM_EOS 0x010u
#define RAM_CONTINUE 0x020u
#define ITEM_START 1
#define ITEM_PART 2
#define ITEM_END 3
#define ITEM_FOOTER 0x7e
#define PAGE 4096u
/* Pages that follow each other before one of zeros comes. */
#define RUN 16u

struct out {
	int fd;
	unsigned char *buffer;
	size_t used;
	uint64_t flushed;
};

#define OUT_ROOM ((size_t)1 << 20)

static void flush(struct out *o)
{
	for (size_t done = 0; done < o->used;) {
		ssize_t n = write(o->fd, o->buffer + done, o->used - done);

		if (n <= 0)
			die("cannot write a guest: is the disk full?");
		done += (size_t)n;
	}
	o->flushed += o->used;
	o->used = 0;
}

static void put(struct out *o, const void *bytes, size_t n)
{
	if (OUT_ROOM - o->used < n)
		flush(o);
	memcpy(o->buffer + o->used, bytes, n);
	o->used += n;
}

static void put_number(struct out *o, uint64_t value, unsigned n)
{
	unsigned char bytes[8];

	for (unsigned i = 0; i < n; i++)
		bytes[i] = (unsigned char)(value >> 8 * (n - 1 - i));
	put(o, bytes, n);
}

static void put_name(struct out *o, const char *name)
{
	put_number(o, strlen(name), 1);
	put(o, name, strlen(name));
}

static void out_open(struct out *o, const char *path)
{
	*o = (struct out){ .fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) };
	if (o->fd < 0)
		die("cannot make %s", path);
	o->buffer = must_alloc(OUT_ROOM);
}

static uint64_t out_close(struct out *o)
{
	flush(o);
	if (close(o->fd))
		die("cannot write a guest");
	free(o->buffer);
	return o->flushed;
}

/* A record's header, with the block's name where it is the first. */
static void put_record(struct out *o, uint64_t page, unsigned flag, const char **name)
{
	put_number(o, page * PAGE | flag | (*name ? 0 : RAM_CONTINUE), 8);
	if (*name)
		put_name(o, *name);
	*name = NULL;
}

/* One round over all pages of a block, until @whole pages were written. */
static void put_round(struct out *o, struct synthetic *s, uint32_t id, const char *name,
		      uint64_t pages, uint64_t whole)
{
	unsigned char content[PAGE];

	memset(content, 0x5a, sizeof(content));
	put_number(o, ITEM_PART, 1);
	put_number(o, id, 4);
	for (uint64_t page = 0; page < pages && s->pages < whole; page++) {
		if (page % (RUN + 1) == RUN) {
			put_record(o, page, RAM_ZERO, &name);
			put_number(o, 0, 1);
			s->zeros++;
			s->runs += 2;
			continue;
		}
		put_record(o, page, RAM_PAGE, &name);
		put(o, content, sizeof(content));
		s->pages++;
	}
	s->runs += 2;
	put_number(o, RAM_EOS, 8);
	put_number(o, ITEM_FOOTER, 1);
	put_number(o, id, 4);
}

static unsigned char *read_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	unsigned char *bytes;

	if (fd < 0 || fstat(fd, &st))
		die("cannot open %s", path);
	*len = (size_t)st.st_size;
	bytes = must_alloc(*len);
	if (read(fd, bytes, *len) != st.st_size)
		die("cannot read %s", path);
	close(fd);
	return bytes;
}

/* Where the first round of RAM ends, which lists the blocks, and its largest block. */
static size_t behind_list(const unsigned char *bytes, size_t len, uint32_t *id,
			  struct hpt_qemu_block *block, char *name, size_t room)
{
	const struct hpt_qemu_item *item;
	struct hpt_qemu *q;
	size_t end = 0;

	if (hpt_qemu_open_memory(bytes, len, NULL, &q, NULL))
		die("the guest that was given is none of QEMU's");
	while (!end && !hpt_qemu_next(q, &item, NULL) && item)
		if (item->type == HPT_QEMU_START && !strcmp(item->name, "ram")) {
			*id = item->section_id;
			/* A footer follows. */
			end = (size_t)(item->payload + item->length) + 5;
		}
	block->size = sizeof(*block);
	if (!end || hpt_qemu_block(q, 0, block, NULL))
		die("the guest that was given has no RAM");
	snprintf(name, room, "%s", block->name);
	hpt_qemu_close(q);
	return end;
}

void synthetic_make(struct synthetic *s, const char *from, const char *path, uint64_t bytes)
{
	struct hpt_qemu_block block;
	unsigned char *real;
	char name[256];
	struct out o;
	uint32_t id = 0;
	size_t len, end;

	*s = (struct synthetic){ .runs = 0 };
	real = read_file(from, &len);
	end = behind_list(real, len, &id, &block, name, sizeof(name));
	out_open(&o, path);
	flush(&o);
	for (size_t at = 0, n; at < end; at += n) {
		n = end - at < OUT_ROOM ? end - at : OUT_ROOM;
		put(&o, real + at, n);
	}
	while (s->pages < bytes / PAGE)
		put_round(&o, s, id, name, block.length / PAGE, bytes / PAGE);
	for (size_t at = end, n; at < len; at += n) {
		n = len - at < OUT_ROOM ? len - at : OUT_ROOM;
		put(&o, real + at, n);
	}
	/* Its own records are a run each at most. */
	s->runs += block.length / PAGE;
	s->bytes = out_close(&o);
	free(real);
}

static void put_start(struct out *o, uint32_t id, const char *name, uint32_t version)
{
	put_number(o, ITEM_START, 1);
	put_number(o, id, 4);
	put_name(o, name);
	put_number(o, 0, 4);
	put_number(o, version, 4);
}

static void put_foot(struct out *o, uint32_t id)
{
	put_number(o, ITEM_FOOTER, 1);
	put_number(o, id, 4);
}

static const char block[] = "ppc_spapr.ram";

static void put_head(struct out *o)
{
	static const char machine[] = "pseries-7.2";

	put_number(o, UINT64_C(0x5145564d00000003), 8);
	put_number(o, 7, 1);
	put_number(o, strlen(machine), 4);
	put(o, machine, strlen(machine));
}

static void put_list(struct out *o, uint64_t ram)
{
	put_start(o, 2, "ram", 4);
	put_number(o, ram | RAM_MEM_SIZE, 8);
	put_name(o, block);
	put_number(o, ram, 8);
}

static void put_list_end(struct out *o)
{
	put_number(o, RAM_EOS, 8);
	put_foot(o, 2);
	put_start(o, 3, "spapr/htab", 1);
	put_number(o, 26, 4);
	put_foot(o, 3);
	put_number(o, ITEM_END, 1);
	put_number(o, 2, 4);
}

static void put_tail(struct out *o)
{
	put_number(o, RAM_EOS, 8);
	put_foot(o, 2);
	put_number(o, ITEM_END, 1);
	put_number(o, 3, 4);
	put_number(o, 0, 4);
	put_number(o, 0, 8);
	put_foot(o, 3);
	put_number(o, 0, 1);
}

void synthetic_zeros(struct synthetic *s, const char *path, uint64_t ram)
{
	const char *name = block;
	struct out o;

	*s = (struct synthetic){ .runs = 2, .zeros = ram / PAGE };
	out_open(&o, path);
	put_head(&o);
	put_list(&o, ram);
	put_list_end(&o);
	for (uint64_t page = 0; page < s->zeros; page++) {
		put_record(&o, page, RAM_ZERO, &name);
		put_number(&o, 0, 1);
	}
	put_tail(&o);
	s->bytes = out_close(&o);
}

#define MAPPED_HEADER 28u
#define MAPPED_ALIGN (UINT64_C(1) << 20)

static void put_capability(struct out *o, const char *name)
{
	put_number(o, 5, 1);
	put_name(o, "configuration/capabilities");
	put_number(o, 1, 4);
	put_number(o, 1, 4);
	put_name(o, name);
}

static void skip_to(struct out *o, uint64_t offset)
{
	flush(o);
	if (lseek(o->fd, (off_t)offset, SEEK_SET) < 0)
		die("cannot make a hole");
	o->flushed = offset;
}

/* One byte in so many is ones: runs of eight pages, and the runs of zeros between them. */
static void put_bitmap(struct out *o, struct synthetic *s, uint64_t every)
{
	uint64_t bytes = (s->pages + s->zeros) / 8;

	for (uint64_t i = 0; i < bytes; i++)
		put_number(o, i % every ? 0 : 0xff, 1);
	s->runs = 2 * (bytes / every);
}

void synthetic_mapped(struct synthetic *s, const char *path, uint64_t ram, uint64_t whole)
{
	uint64_t bitmap, pages;
	struct out o;

	*s = (struct synthetic){ .pages = whole / PAGE, .zeros = (ram - whole) / PAGE };
	out_open(&o, path);
	put_head(&o);
	put_capability(&o, "mapped-ram");
	put_list(&o, ram);
	bitmap = o.flushed + o.used + MAPPED_HEADER;
	pages = (bitmap + ram / PAGE / 8 + MAPPED_ALIGN - 1) & ~(MAPPED_ALIGN - 1);
	put_number(&o, 1, 4);
	put_number(&o, PAGE, 8);
	put_number(&o, bitmap, 8);
	put_number(&o, pages, 8);
	put_bitmap(&o, s, ram / whole);
	skip_to(&o, pages + ram);
	put_list_end(&o);
	put_tail(&o);
	s->bytes = out_close(&o);
}
