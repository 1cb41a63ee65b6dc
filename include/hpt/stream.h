/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_STREAM_H
#define HPT_STREAM_H

/**
 * @file hpt/stream.h
 * @brief The HTAB stream: the compact form in which KVM and QEMU hand a table over.
 *
 * A stream is a sequence of chunks. A chunk is an 8-byte header {u32 index, u16
 * n_valid, u16 n_invalid} and n_valid entries of 16 bytes, big-endian, classic form;
 * it says that the n_valid slots from index hold those entries and that the n_invalid
 * slots after them are invalid. Two dialects differ in the headers' byte order (KVM: the
 * host's; QEMU: big-endian) and in the end (KVM: the end of the bytes; QEMU: a header of
 * zeros). A pass goes through the table in ascending order; a chunk whose index is below
 * the end of the one before it begins another pass, which is applied on top.
 *
 * Sources: Linux Documentation/virt/kvm/api.rst 4.78 (KVM_PPC_GET_HTAB_FD); QEMU
 * docs/devel/migration and the format of its section "spapr/htab".
 *
 * Decoder and encoder are pure: bytes in, runs out, and back. They allocate nothing and
 * do no I/O. To open a captured stream as a table see hpt/capture.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hpt/error.h>
#include <hpt/hpte.h>

HPT_BEGIN_DECLS

/** @brief How a stream's headers are written and how it ends. */
enum hpt_dialect {
	HPT_DIALECT_DETECT = 0, /**< where options say so: find out by looking */
	HPT_DIALECT_KVM_LE,     /**< little-endian headers, ends with its bytes */
	HPT_DIALECT_KVM_BE,     /**< big-endian headers, ends with its bytes */
	HPT_DIALECT_QEMU,       /**< big-endian headers, ends with a header of zeros */
};

/** Bytes of a chunk's header. */
#define HPT_CHUNK_HEADER 8
/** Most valid, and most invalid, entries in one chunk. */
#define HPT_CHUNK_MAX 65535u
/** Largest order that a stream's 32-bit index can name. */
#define HPT_STREAM_ORDER_MAX 36

/**
 * @brief The name of a dialect.
 * @param dialect one of enum #hpt_dialect
 * @return "kvm-le", "kvm-be", "qemu"; NULL for other values. Static.
 *
 * Threads: pure.
 */
HPT_API const char *hpt_dialect_name(enum hpt_dialect dialect);

/** @brief A decoder's state. Owned by the caller, private to the library; copying it
 * between calls saves and restores the position. */
struct hpt_decoder {
	uint64_t space[24]; /**< private */
};

/** @name Bits of hpt_decoder_options::flags
 * @{ */
/** The bytes begin with a later pass ("what changed since"): nothing is concluded from which
 *  slots it covers. */
#define HPT_DECODER_LATER_PASS 1u
/** @} */

/** @brief How to decode. */
struct hpt_decoder_options {
	size_t size;              /**< sizeof(struct hpt_decoder_options) */
	uint32_t flags;           /**< HPT_DECODER_* */
	enum hpt_dialect dialect; /**< not #HPT_DIALECT_DETECT */
	uint32_t order;           /**< log2 of the table's bytes, or 0: not known */
	uint64_t offset;          /**< stream offset of the first byte, for errors */
};

/** @brief What hpt_decoder_next() found. */
enum hpt_event {
	HPT_EVENT_MORE = 0, /**< all bytes were used: give more, or finish */
	HPT_EVENT_RUN,      /**< a run, whole or in part */
	HPT_EVENT_END,      /**< the end marker of QEMU's dialect */
};

/**
 * @brief Consecutive slots and what a stream says of them.
 *
 * A chunk whose bytes lie in one buffer is one run. A chunk that is split over buffers
 * comes as several; the invalid slots are in the last of them.
 */
struct hpt_run {
	uint64_t ptex;      /**< index of the first slot */
	uint32_t n_valid;   /**< entries at hpt_run::entries_be */
	uint32_t n_invalid; /**< invalid slots after those */
	/** hpt_run::n_valid times 16 raw bytes, any alignment: in the caller's buffer, or in
	 *  the decoder when an entry was split; valid until the decoder's next call. Take
	 *  them in with hpt_entries_from_bytes(). NULL when there are none. */
	const void *entries_be;
	uint64_t offset;    /**< stream offset of the chunk's header */
	uint32_t pass;      /**< number of the pass, from 0 */
	uint32_t reserved;  /**< 0 */
};

/** @brief What a decoder saw. */
struct hpt_stream_summary {
	uint64_t bytes;     /**< bytes used */
	uint64_t chunks;    /**< chunks, end markers not counted */
	uint64_t valid;     /**< entries, over all passes */
	uint64_t invalid;   /**< slots said to be invalid, over all passes */
	uint64_t highest;   /**< one more than the highest index named */
	uint64_t passes;    /**< passes; 0 for a stream of no chunks */
	/** Order found: the first pass began at 0, left no gap, and covered 2^(order-4)
	 *  slots. 0 when the order cannot be told. */
	uint32_t order;
	/** First slot that the first pass left out, when hpt_stream_summary::order is 0;
	 *  it is hpt_stream_summary::highest or less. */
	uint64_t gap;
};

/**
 * @brief Begin to decode.
 * @param d the decoder
 * @param options how; not kept
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: a dialect or size that cannot be; #HPT_ERR_ORDER: the
 *         order is neither 0 nor in 18 to 46
 *
 * Threads: pure.
 */
HPT_API int hpt_decoder_init(struct hpt_decoder *d,
			     const struct hpt_decoder_options *options,
			     struct hpt_error *err);

/**
 * @brief Decode up to the next event.
 * @param d the decoder
 * @param bytes the next bytes of the stream, any split, any alignment
 * @param len number of bytes
 * @param used receives how many of them were used; give the rest again next time
 * @param event receives what was found
 * @param run receives the run when @p event is #HPT_EVENT_RUN
 * @param err see hpt/error.h; hpt_error::offset is the place in the stream
 * @return 0; #HPT_ERR_ARGUMENT: a NULL; #HPT_ERR_CHUNK_INDEX: index beyond the table; #HPT_ERR_CHUNK_COUNT: index
 *         plus counts beyond the table; #HPT_ERR_NOT_VALID: an entry without V among the
 *         valid (hpt_error::ptex names it); #HPT_ERR_CONTRADICTION: a complete first pass
 *         over another number of slots than the order says (KVM's dialects). After an
 *         error the decoder gives the same error again.
 *
 * Entries of a chunk are checked before the chunk's run is given. When the order is not
 * known the table is taken to end where the 32-bit index does. After an end marker more
 * rounds may follow. Threads: pure.
 */
HPT_API int hpt_decoder_next(struct hpt_decoder *d, const void *bytes, size_t len,
			     size_t *used, enum hpt_event *event,
			     struct hpt_run *run, struct hpt_error *err);

/**
 * @brief Decode straight into a table in memory: hpt_decoder_next(), and each run put where it
 * belongs.
 * @param d the decoder; hpt_decoder_options::order was said
 * @param bytes the next bytes of the stream, any split, any alignment
 * @param len number of bytes
 * @param used receives how many of them were used: all, unless @p event is #HPT_EVENT_END
 * @param event receives #HPT_EVENT_MORE, or #HPT_EVENT_END
 * @param raw the table: 2^order bytes, 8-byte aligned, and nobody else looks at them. Its
 *        entries are big-endian, classic form; #HPT_V_HYPERVISOR is cleared in what is put
 *        there
 * @param err see hpt/error.h; hpt_error::offset is the place in the stream
 * @return as hpt_decoder_next(); #HPT_ERR_ARGUMENT also when no order was said. What came
 *         before the place of an error is in the table; of the chunk that it is in, slots
 *         before hpt_error::ptex may be, and none behind it
 *
 * Slots that the stream does not name stay as they are: clear the table first, or know that
 * it is new. Threads: exclusive on the table.
 */
HPT_API int hpt_decoder_load(struct hpt_decoder *d, const void *bytes, size_t len,
			     size_t *used, enum hpt_event *event, struct hpt_raw_entry *raw,
			     struct hpt_error *err);

/**
 * @brief The bytes have ended: was that a place to end?
 * @param d the decoder
 * @param out receives what was seen; NULL: only check
 * @param err see hpt/error.h; hpt_error::offset is where the bytes ended
 * @return 0; #HPT_ERR_TRUNCATED_HEADER; #HPT_ERR_TRUNCATED_ENTRIES;
 *         #HPT_ERR_TRUNCATED_END: no end marker (QEMU's dialect);
 *         #HPT_ERR_CONTRADICTION as above; the error that the decoder gave before
 *
 * Threads: pure.
 */
HPT_API int hpt_decoder_finish(const struct hpt_decoder *d,
			       struct hpt_stream_summary *out,
			       struct hpt_error *err);

/**
 * @brief What was seen so far, whether or not the bytes may end here.
 * @param d the decoder
 * @param out receives it; hpt_stream_summary::order is that of the first pass as if it
 *        ended here
 *
 * Threads: pure.
 */
HPT_API void hpt_decoder_summary(const struct hpt_decoder *d,
				 struct hpt_stream_summary *out);

/**
 * @brief Find a stream's dialect by looking at its bytes.
 * @param bytes the stream's beginning
 * @param len number of bytes
 * @param whole true when the stream ends there
 * @param order log2 of the table's bytes, or 0: not known
 * @param out receives the dialect
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_BYTE_ORDER: more than one dialect fits (a stream of no bytes, or of
 *         few): say which; #HPT_ERR_FORMAT: none fits (hpt_error::offset is where the best
 *         went wrong, and the text says what was wrong there)
 *
 * A dialect fits when the bytes decode in it without an error; if none does, one in which
 * only the order or the end of the bytes is wrong. Of the two byte orders, if
 * both fit, the one with a complete first pass is chosen, or else the one that ends at a
 * power of two, or else the one that names the lower slots; of the two with big-endian
 * headers QEMU's when its end marker is there (which may lie behind @p len, if not
 * @p whole). 64 KiB are ample for real streams. Threads: pure.
 */
HPT_API int hpt_stream_detect(const void *bytes, size_t len, bool whole, unsigned order,
			      enum hpt_dialect *out, struct hpt_error *err);

/** @brief An encoder's state. Owned by the caller, private to the library. */
struct hpt_encoder {
	uint64_t space[16]; /**< private */
};

/** @brief How to encode. */
struct hpt_encoder_options {
	size_t size;              /**< sizeof(struct hpt_encoder_options) */
	enum hpt_dialect dialect; /**< not #HPT_DIALECT_DETECT */
	uint32_t order;           /**< log2 of the table's bytes, 18 to 36 */
};

/**
 * @brief Begin to encode.
 * @param e the encoder
 * @param options how; not kept
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: a dialect or size that cannot be; #HPT_ERR_ORDER: the
 *         order is not in 18 to 36
 *
 * Threads: pure.
 */
HPT_API int hpt_encoder_init(struct hpt_encoder *e,
			     const struct hpt_encoder_options *options,
			     struct hpt_error *err);

/**
 * @brief Give the encoder a run of slots to write.
 * @param e the encoder; all bytes of the run before must have been taken
 * @param ptex index of the first slot
 * @param entries @p n_valid valid entries; borrowed until all bytes are taken
 * @param n_valid number of entries, as many as one likes
 * @param n_invalid number of invalid slots after them, as many as one likes
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_RANGE: the run does not lie in the table; #HPT_ERR_NOT_VALID: an
 *         entry without V (hpt_error::ptex); #HPT_ERR_ARGUMENT: bytes of the run before
 *         are left, or the end was written
 *
 * Counts above #HPT_CHUNK_MAX become several chunks; a run of no slots becomes nothing.
 * Threads: pure.
 */
HPT_API int hpt_encoder_run(struct hpt_encoder *e, uint64_t ptex,
			    const struct hpt_entry *entries, uint64_t n_valid,
			    uint64_t n_invalid, struct hpt_error *err);

/**
 * @brief Say that no more runs come: writes the end marker, where the dialect has one.
 * @param e the encoder; all bytes of the run before must have been taken
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_ARGUMENT: as above
 *
 * Threads: pure.
 */
HPT_API int hpt_encoder_end(struct hpt_encoder *e, struct hpt_error *err);

/**
 * @brief Take bytes of the stream.
 * @param e the encoder
 * @param bytes where to put them
 * @param room bytes there, any number
 * @return how many were put; less than @p room when the run is written whole
 *
 * Threads: pure.
 */
HPT_API size_t hpt_encoder_take(struct hpt_encoder *e, void *bytes, size_t room);

/** @brief Any forward-only source of bytes. */
struct hpt_reader_ops {
	/** sizeof(struct hpt_reader_ops), as the author knew it. */
	size_t size;
	/** Put up to @p len bytes at @p bytes and how many in @p got, 0 only at the end of
	 *  the source. Returns 0 or a code, with @p err (never NULL) filled. */
	int (*read)(void *ctx, void *bytes, size_t len, size_t *got,
		    struct hpt_error *err);
};

HPT_END_DECLS

#endif /* HPT_STREAM_H */
