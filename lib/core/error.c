/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

#include "internal.h"

struct code {
	const char *name;
	const char *text;
};

/* Indexed by the code's negative: see hpt/error.h for the meanings. */
static const struct code codes[] = {
	{ "HPT_OK", "no error" },
	{ "HPT_ERR_ARGUMENT", "an argument is out of its range" },
	{ "HPT_ERR_MEMORY", "out of memory" },
	{ "HPT_ERR_SYSTEM", "a system call failed" },
	{ "HPT_ERR_RANGE", "a range of entries does not lie in the table" },
	{ "HPT_ERR_READ_ONLY", "the table cannot be written" },
	{ "HPT_ERR_UNSUPPORTED", "not supported here" },
	{ "HPT_ERR_ORDER", "the table's order is not known or out of range" },
	{ "HPT_ERR_TRUNCATED_HEADER", "the stream ends inside a chunk's header" },
	{ "HPT_ERR_TRUNCATED_ENTRIES", "the stream ends inside a chunk's entries" },
	{ "HPT_ERR_TRUNCATED_END", "the stream ends without its end marker" },
	{ "HPT_ERR_CHUNK_INDEX", "a chunk begins beyond the table" },
	{ "HPT_ERR_CHUNK_COUNT", "a chunk leads beyond the table" },
	{ "HPT_ERR_NOT_VALID", "an entry among the valid has no V bit" },
	{ "HPT_ERR_CONTRADICTION", "the stream contradicts the order" },
	{ "HPT_ERR_BYTE_ORDER", "the stream's byte order cannot be told" },
	{ "HPT_ERR_PAGE_SIZE", "L and LP name no known page size" },
	{ "HPT_ERR_PTEG", "the entry cannot stand in this group" },
	{ "HPT_ERR_FORM", "a value does not fit its field" },
	{ "HPT_ERR_NO_HPT", "the guest has no hashed page table" },
	{ "HPT_ERR_FORMAT", "the bytes are not of the expected format" },
	{ "HPT_ERR_TRUNCATED", "the file ends too early" },
	{ "HPT_ERR_SECTION_LENGTH", "the length of a section is not known" },
	{ "HPT_ERR_BUSY", "busy: a vCPU is running" },
	{ "HPT_ERR_REFUSED", "the hypervisor refused an entry" },
	{ "HPT_ERR_UNSTABLE", "an entry kept changing while it was read" },
	{ "HPT_ERR_STOPPED", "stopped by a callback" },
};

#define CODES (sizeof(codes) / sizeof(codes[0]))

_Static_assert(CODES == -HPT_ERR_STOPPED + 1, "one row for each code");

static const struct code *find_code(int code)
{
	/* A code below INT_MIN + 1 has no negative; those are unknown anyway. */
	if (code > 0 || code <= -(int)CODES)
		return NULL;
	return &codes[-code];
}

const char *hpt_code_text(int code)
{
	const struct code *c = find_code(code);

	return c ? c->text : "unknown error code";
}

const char *hpt_code_name(int code)
{
	const struct code *c = find_code(code);

	return c ? c->name : NULL;
}

int hpt_error_fill(struct hpt_error *err, int code, int os_errno, const char *text)
{
	if (err) {
		*err = (struct hpt_error){ .code = code, .os_errno = os_errno };
		hpt_format(err->text, sizeof(err->text), "%s", text ? text : hpt_code_text(code));
	}
	return code;
}

int hpt_error_prepend(struct hpt_error *err, const char *text)
{
	char old[HPT_ERROR_TEXT];

	if (!err)
		return HPT_OK;
	memcpy(old, err->text, sizeof(old));
	old[sizeof(old) - 1] = '\0';
	hpt_format(err->text, sizeof(err->text), "%s: %s", text, old);
	return err->code;
}

void hpt_error_set_ptex(struct hpt_error *err, uint64_t ptex)
{
	if (err) {
		err->has |= HPT_ERROR_HAS_PTEX;
		err->ptex = ptex;
	}
}

void hpt_error_set_offset(struct hpt_error *err, uint64_t offset)
{
	if (err) {
		err->has |= HPT_ERROR_HAS_OFFSET;
		err->offset = offset;
	}
}

static void fill(struct hpt_error *err, int code, const char *fmt, va_list ap)
{
	*err = (struct hpt_error){ .code = code };
	hpt_vformat(err->text, sizeof(err->text), fmt, ap);
}

/* The body that the hpt_fail functions share: format, then set what @place does. */
#define FAIL(err, code, fmt, place)                                                           \
	do {                                                                                  \
		va_list ap_;                                                                  \
		if (err) {                                                                    \
			va_start(ap_, fmt);                                                   \
			fill(err, code, fmt, ap_);                                            \
			va_end(ap_);                                                          \
			place;                                                                \
		}                                                                             \
		return code;                                                                  \
	} while (0)

int hpt_fail(struct hpt_error *err, int code, const char *fmt, ...)
{
	FAIL(err, code, fmt, (void)0);
}

int hpt_fail_offset(struct hpt_error *err, int code, uint64_t offset, const char *fmt, ...)
{
	FAIL(err, code, fmt, hpt_error_set_offset(err, offset));
}

int hpt_fail_ptex(struct hpt_error *err, int code, uint64_t ptex, const char *fmt, ...)
{
	FAIL(err, code, fmt, hpt_error_set_ptex(err, ptex));
}

int hpt_fail_address(struct hpt_error *err, int code, uint64_t address, const char *fmt, ...)
{
	FAIL(err, code, fmt, (err->has |= HPT_ERROR_HAS_ADDRESS, err->address = address));
}

/* strerror(3) may use the locale and static memory; strerrordesc_np() does neither. */
static void add_errno(struct hpt_error *err, int os_errno)
{
	size_t used = strnlen(err->text, sizeof(err->text) - 1);
#ifdef HAVE_STRERRORDESC_NP
	const char *what = strerrordesc_np(os_errno);

	if (what)
		hpt_format(err->text + used, sizeof(err->text) - used, ": %s", what);
	else
#endif
		hpt_format(err->text + used, sizeof(err->text) - used, ": errno %d", os_errno);
	err->os_errno = os_errno;
}

int hpt_fail_errno(struct hpt_error *err, int os_errno, const char *fmt, ...)
{
	FAIL(err, HPT_ERR_SYSTEM, fmt, add_errno(err, os_errno));
}

int hpt_options_in(void *to, size_t to_size, size_t min_size, const void *from,
		   const char *what, struct hpt_error *err)
{
	const unsigned char *bytes = from;
	size_t size;

	memset(to, 0, to_size);
	if (!from)
		return HPT_OK;
	memcpy(&size, from, sizeof(size));
	if (size < min_size)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"struct %s: size is %zu, expected at least %zu", what, size,
				min_size);
	for (size_t i = to_size; i < size; i++)
		if (bytes[i])
			return hpt_fail(err, HPT_ERR_ARGUMENT,
					"struct %s: byte %zu is not zero and this library knows "
					"only %zu bytes", what, i, to_size);
	memcpy(to, from, size < to_size ? size : to_size);
	return HPT_OK;
}

int hpt_result_out(void *to, size_t min_size, const void *from, size_t from_size,
		   const char *what, struct hpt_error *err)
{
	size_t size;

	if (!to)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "struct %s: NULL", what);
	memcpy(&size, to, sizeof(size));
	if (size < min_size)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"struct %s: size is %zu, expected at least %zu", what, size,
				min_size);
	if (size > from_size)
		size = from_size;
	memcpy((char *)to + sizeof(size), (const char *)from + sizeof(size),
	       size - sizeof(size));
	return HPT_OK;
}

int hpt_check_order(unsigned order, unsigned max, struct hpt_error *err)
{
	if (order < HPT_ORDER_MIN || order > max)
		return hpt_fail(err, HPT_ERR_ORDER, "order is %u, expected %u to %u", order,
				HPT_ORDER_MIN, max);
	return HPT_OK;
}
