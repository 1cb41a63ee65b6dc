/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

#include "unit.h"

#define POISON 0xA5

void unit_poison(struct hpt_error *err)
{
	memset(err, POISON, sizeof(*err));
}

void unit_ok(int ret, const struct hpt_error *err)
{
	const unsigned char *bytes = (const unsigned char *)err;

	if (ret)
		fail_msg("%s (%d): %s", hpt_code_name(ret), ret, err->text);
	if (bytes[0] == POISON && !memcmp(bytes, bytes + 1, sizeof(*err) - 1))
		return;
	for (size_t i = 0; i < sizeof(*err); i++)
		if (bytes[i] != POISON)
			fail_msg("it worked, yet byte %zu of the error was written", i);
}

static void check_whole(const struct hpt_error *err)
{
	size_t len = strnlen(err->text, sizeof(err->text));

	if (len == sizeof(err->text))
		fail_msg("the error's text has no end");
	if (!len || strchr(err->text, '\n'))
		fail_msg("the error's text is empty, or more than a line: %s", err->text);
	assert_int_equal(err->reserved, 0);
	if (!(err->has & HPT_ERROR_HAS_PTEX))
		assert_int_equal(err->ptex, 0);
	if (!(err->has & HPT_ERROR_HAS_ADDRESS))
		assert_int_equal(err->address, 0);
	if (!(err->has & HPT_ERROR_HAS_OFFSET))
		assert_int_equal(err->offset, 0);
	assert_int_equal(err->has & ~7u, 0);
}

void unit_error(int ret, const struct hpt_error *err, int code, const char *text)
{
	if (ret != code)
		fail_msg("returned %d, expected %s with \"%s\"", ret, hpt_code_name(code), text);
	assert_int_equal(err->code, code);
	check_whole(err);
	if (strcmp(err->text, text))
		fail_msg("text is\n  %s\nexpected\n  %s", err->text, text);
}

void unit_error_at(int ret, const struct hpt_error *err, int code, const char *text,
		   uint32_t has, uint64_t at)
{
	unit_error(ret, err, code, text);
	assert_int_equal(err->has, has);
	if (has & HPT_ERROR_HAS_OFFSET)
		assert_int_equal(err->offset, at);
	else if (has & HPT_ERROR_HAS_PTEX)
		assert_int_equal(err->ptex, at);
	else if (has & HPT_ERROR_HAS_ADDRESS)
		assert_int_equal(err->address, at);
}

void unit_too_small(int ret, const struct hpt_error *err, const char *name, size_t size,
		    size_t expected)
{
	char text[128];

	snprintf(text, sizeof(text), "struct %s: size is %zu, expected at least %zu", name, size,
		 expected);
	unit_error(ret, err, HPT_ERR_ARGUMENT, text);
}

struct bytes {
	unsigned char *out;
	size_t room, used;
};

static void put_byte(struct bytes *b, uint64_t value)
{
	if (b->used == b->room)
		fail_msg("a text makes more than %zu bytes", b->room);
	b->out[b->used++] = (unsigned char)value;
}

static void put_number(struct bytes *b, uint64_t value, unsigned size, bool little)
{
	for (unsigned i = 0; i < size; i++)
		put_byte(b, value >> 8 * (little ? i : size - 1 - i));
}

/* The next number of a word, behind its ':' or ','. */
static uint64_t next_number(const char **p)
{
	char *end;
	uint64_t value;

	if (**p != ':' && **p != ',')
		fail_msg("expected a number at \"%s\"", *p);
	value = strtoull(*p + 1, &end, 16);
	*p = end;
	return value;
}

static void put_header(struct bytes *b, const char **p, bool little)
{
	put_number(b, next_number(p), 4, little);
	put_number(b, next_number(p), 2, little);
	put_number(b, next_number(p), 2, little);
}

static void put_hex(struct bytes *b, const char **p)
{
	unsigned value;
	int n;

	for (++*p; sscanf(*p, "%2x%n", &value, &n) == 1 && n == 2; *p += n)
		put_byte(b, value);
}

static void put_word(struct bytes *b, const char **p)
{
	char kind = *(*p)++;

	switch (kind) {
	case 'L':
	case 'B':
		put_header(b, p, kind == 'L');
		break;
	case 'E':
		put_number(b, next_number(p), 8, false);
		put_number(b, next_number(p), 8, false);
		break;
	case 'C':
		put_number(b, next_number(p), 4, false);
		break;
	case 'Z':
		put_number(b, 0, 8, false);
		break;
	case 'x':
		put_hex(b, p);
		break;
	default:
		fail_msg("unknown word at \"%s\"", *p - 1);
	}
}

size_t unit_bytes(const char *text, unsigned char *out, size_t room)
{
	struct bytes b = { .out = out, .room = room };

	for (const char *p = text + strspn(text, " "); *p; p += strspn(p, " ")) {
		char *star;
		unsigned long n = strtoul(p, &star, 16);

		if (*star == '*' && star != p)
			p = star + 1;
		else
			n = 1;
		for (const char *word = p; n; n--) {
			p = word;
			put_word(&b, &p);
		}
		p += strcspn(p, " "); /* the word, if it is there no times */
	}
	return b.used;
}

/* Marsaglia's xorshift64*. */
uint64_t unit_random(uint64_t *seed)
{
	uint64_t x = *seed ? *seed : UINT64_C(0x9E3779B97F4A7C15);

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*seed = x;
	return x * UINT64_C(0x2545F4914F6CDD1D);
}

unsigned unit_share(unsigned cases)
{
	const char *share = getenv("HPT_TEST_SHARE");
	unsigned n = share ? (unsigned)strtoul(share, NULL, 10) : 1;

	return n ? cases / n : cases;
}

struct hpt_entry unit_random_entry(uint64_t *seed)
{
	uint64_t v = unit_random(seed), r = unit_random(seed);

	return (struct hpt_entry){ .v = (v & ~UINT64_C(0x60)) | 1, .r = r };
}

static FILE *open_data(const char *path)
{
	const char *dir = getenv("HPT_TEST_DATA");
	char name[1024];

	if (!dir)
		fail_msg("HPT_TEST_DATA does not say where the captures are");
	snprintf(name, sizeof(name), "%s/%s", dir, path);
	return fopen(name, "rb");
}

bool unit_exists(const char *path)
{
	FILE *f = open_data(path);

	if (f)
		fclose(f);
	return f != NULL;
}

char *unit_load(const char *path, size_t *len)
{
	FILE *f = open_data(path);
	size_t room = 1 << 16, used = 0, n;
	char *bytes = malloc(room);

	if (!f)
		fail_msg("%s: not below HPT_TEST_DATA", path);
	assert_non_null(bytes);
	while ((n = fread(bytes + used, 1, room - used - 1, f)) > 0) {
		used += n;
		if (used == room - 1) {
			room *= 2;
			bytes = realloc(bytes, room);
			assert_non_null(bytes);
		}
	}
	fclose(f);
	bytes[used] = '\0';
	*len = used;
	return bytes;
}

#define VALID UINT64_C(0x1)
#define ABSENT UINT64_C(0x20)
#define KERNEL_V UINT64_C(0x60)                /* the kernel's own bits of doubleword 0 */
#define KERNEL_R UINT64_C(0x4000000000000000)  /* its "modified" */
#define R_AND_C UINT64_C(0x180)

/* What a guest sees of the kernel's two words for an entry. */
static struct hpt_entry guest_view(uint64_t v, uint64_t host_r, uint64_t guest_r, bool v3)
{
	struct hpt_entry entry = { .v = v, .r = guest_r & ~KERNEL_R };

	if (v3) /* ISA 3.0: B stands in bits 58 and 59 of doubleword 1 */
		entry.v |= (host_r >> 58 & 3) << 62;
	if (v & VALID)
		entry.r |= host_r & R_AND_C;
	if (v & ABSENT)
		entry.v |= VALID;
	entry.v &= ~KERNEL_V;
	return entry;
}

void unit_load_listing(const char *path, bool v3, struct hpt_entry *out)
{
	size_t len;
	char *text = unit_load(path, &len), *p = text;
	unsigned long long index, v, host_r, guest_r;
	int n;

	memset(out, 0, UNIT_SLOTS * sizeof(*out));
	while (sscanf(p, "%llx %llx %llx %llx %n", &index, &v, &host_r, &guest_r, &n) == 4) {
		assert_in_range(index, 0, UNIT_SLOTS - 1);
		out[index] = guest_view(v, host_r, guest_r, v3);
		p += n;
	}
	if (*p)
		fail_msg("%s: a line that is none: %.40s", path, p);
	free(text);
}

void unit_same_entry(uint64_t ptex, struct hpt_entry found, struct hpt_entry expected)
{
	if (found.v != expected.v || (found.r ^ expected.r) & ~KERNEL_R)
		fail_msg("entry %llx is %016llx %016llx, expected %016llx %016llx", ULL(ptex),
			 ULL(found.v), ULL(found.r), ULL(expected.v), ULL(expected.r));
}

void unit_same_table(const struct hpt_table *table, const struct hpt_entry *expected, size_t n)
{
	struct hpt_entry *found = malloc(n * sizeof(*found));
	struct hpt_error err;

	assert_non_null(found);
	assert_int_equal(hpt_table_entries(table), n);
	unit_poison(&err);
	unit_ok(hpt_table_read(table, 0, n, found, &err), &err);
	for (size_t i = 0; i < n; i++)
		unit_same_entry(i, found[i], expected[i]);
	free(found);
}
