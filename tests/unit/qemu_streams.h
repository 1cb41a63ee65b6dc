/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TEST_QEMU_STREAMS_H
#define TEST_QEMU_STREAMS_H

/* Pieces of QEMU's migration stream as text for bytes.h, and readers of bytes. */

#include <hpt/qemu.h>

#include "bytes.h"

#define HEAD "u32 0x5145564d u32 3 "
#define CONFIG "u8 7 s\"pseries-7.2\" "
#define START(id, name, version) "u8 1 u32 " id " p\"" name "\" u32 0 u32 " version " "
#define PART(id) "u8 2 u32 " id " "
#define END(id) "u8 3 u32 " id " "
#define FULL(id, name, instance) "u8 4 u32 " id " p\"" name "\" u32 " instance " u32 1 "
#define FOOT(id) "u8 0x7e u32 " id " "
#define COMMAND(number, length) "u8 8 u16 " number " u16 " length " "
#define STREAM_END "u8 0 "
#define EOS "u64 0x10 "

#define RAM_START START("2", "ram", "4") "u64 0x4004 p\"r\" u64 0x4000 " EOS FOOT("2")
#define RAM_PART \
	PART("2") "u64 0x0008 p\"r\" fill 4096 0xaa u64 0x1022 u8 0 " EOS FOOT("2")
#define RAM_END END("2") EOS FOOT("2")

/* Valid entries, 4K and bolted, where their hash is of no account here. */
#define ENTRY_A "u64 0x4000000000000011 u64 0x196 "
#define ENTRY_B "u64 0x4000000000000091 u64 0x1196 "
#define CHUNKS_END "u64 0 "

#define HTAB_START START("3", "spapr/htab", "1") "u32 18 " FOOT("3")
#define HTAB_PART PART("3") "u32 0 u32 5 u16 1 u16 0 " ENTRY_A CHUNKS_END FOOT("3")
#define HTAB_END END("3") "u32 0 u32 6 u16 1 u16 2 " ENTRY_B CHUNKS_END FOOT("3")

/* Up to the end of the table, and a whole stream without device state. */
#define TABLE HEAD CONFIG RAM_START HTAB_START RAM_PART HTAB_PART RAM_END HTAB_END
#define WHOLE TABLE STREAM_END

/* A source that gives at most @step bytes a read. */
struct drip {
	const unsigned char *data;
	size_t len;
	size_t step;
	size_t used;
	size_t fail_at; /* offset at which reading fails, 0: never */
};

static inline int drip_read(void *ctx, void *bytes, size_t len, size_t *got,
			    struct hpt_error *err)
{
	struct drip *drip = ctx;
	size_t n = drip->len - drip->used;

	if (drip->fail_at && drip->used >= drip->fail_at)
		return hpt_error_fill(err, HPT_ERR_SYSTEM, 5, "the source broke");
	if (n > drip->step)
		n = drip->step;
	if (n > len)
		n = len;
	memcpy(bytes, drip->data + drip->used, n);
	drip->used += n;
	*got = n;
	return 0;
}

static const struct hpt_reader_ops drip_ops = {
	.size = sizeof(struct hpt_reader_ops),
	.read = drip_read,
};

/* A stream that cannot be right, and what must be said of it. */
struct bad_stream {
	const char *what;
	const char *text;
	int code;
	uint64_t offset;
	const char *says;
};

/* Open and read to the end; returns the code, with @err filled. */
static inline int read_all(struct bytes b, size_t step, struct hpt_error *err)
{
	struct drip drip = { .data = b.data, .len = b.len, .step = step };
	struct hpt_qemu *q = NULL;
	int r;

	if (step)
		r = hpt_qemu_open_reader(&drip_ops, &drip, NULL, &q, err);
	else
		r = hpt_qemu_open_memory(b.data, b.len, NULL, &q, err);
	if (!r)
		r = hpt_qemu_read(q, HPT_QEMU_UNTIL_END, err);
	hpt_qemu_close(q);
	return r;
}

/* Whole and byte by byte, the error is the one that is expected. */
static inline void check_bad(const struct bad_stream *bad)
{
	struct bytes b = bytes_of(bad->text);
	struct hpt_error err;
	size_t step;
	int r;

	for (step = 0; step < 2; step++) {
		memset(&err, 0, sizeof(err));
		r = read_all(b, step, &err);
		if (r != bad->code || err.code != bad->code ||
		    !(err.has & HPT_ERROR_HAS_OFFSET) || err.offset != bad->offset ||
		    !strstr(err.text, bad->says))
			fail_msg("%s (step %zu): code %d, expected %d; offset %llu, expected "
				 "%llu; \"%s\", expected \"%s\"",
				 bad->what, step, r, bad->code, (unsigned long long)err.offset,
				 (unsigned long long)bad->offset, err.text, bad->says);
	}
	bytes_free(&b);
}

#endif /* TEST_QEMU_STREAMS_H */
