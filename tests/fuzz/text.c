/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The text that the command reads: numbers, ranges and page sizes of its options, addresses on
 * standard input, and what QEMU's monitor printed.
 *
 * Input: kind; then the text.
 */
#include <stdarg.h>
#include <unistd.h>

#include "../../tools/filter.h"
#include "../../tools/translate.h"
#include "../../tools/vcpu.h"
#undef COUNT
#include "fuzz.h"

/* What the command would have said; its own file would say it to standard error. */
static char said[256];

static void keep(const char *format, va_list args)
{
	(void)vsnprintf(said, sizeof(said), format, args);
}

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	keep(format, args);
	va_end(args);
}

int usage_error(const struct command *command, const char *format, ...)
{
	va_list args;

	(void)command;
	va_start(args, format);
	keep(format, args);
	va_end(args);
	return EXIT_ERROR;
}

const char *nearest(const char *word, const char *(*name)(const void *list, size_t i),
		    const void *list)
{
	(void)word;
	return name(list, 0);
}

/* Digits as they stand: false when it is no number, or one above 64 bits. */
static bool naive_number(const char *text, uint64_t *out)
{
	static const char suffixes[] = "kmgt";
	unsigned base = strncmp(text, "0x", 2) && strncmp(text, "0X", 2) ? 10 : 16;
	size_t digits = 0, n = 0;
	uint64_t value = 0;
	bool large = false;
	const char *suffix;

	text += base == 16 ? 2 : 0;
	digits = strspn(text, base == 16 ? "0123456789abcdefABCDEF" : "0123456789");
	for (; n < digits; n++) {
		char text_of[2] = { text[n], 0 };
		uint64_t digit = strtoul(text_of, NULL, (int)base);

		large = large || value > (UINT64_MAX - digit) / base;
		value = value * base + digit;
	}
	suffix = text[n] ? strchr(suffixes, text[n] | 0x20) : NULL;
	if (suffix && text[n + 1] == '\0') {
		unsigned shift = 10 * (unsigned)(suffix - suffixes + 1);

		large = large || value > UINT64_MAX >> shift;
		value <<= shift;
		n++;
	}
	*out = value;
	return digits && text[n] == '\0' && !large;
}

static void see_words(char *text)
{
	const struct hpt_page_sizes *sizes = NULL;
	const struct common common = { .ram = false };
	struct filter filter = { .base_shift = 0 };
	struct range range = { 1, 0 };
	uint64_t number = 0, expected = 0;
	enum hpt_dialect dialect = HPT_DIALECT_DETECT;
	bool is_number = !parse_number(text, &number);

	CHECK(is_number == naive_number(text, &expected), "'%s'", text);
	CHECK(!is_number || number == expected, "'%s' is %llu", text,
	      (unsigned long long)number);
	if (!parse_range(text, &range))
		CHECK(range.first <= range.last, "'%s'", text);
	if (is_number)
		CHECK(range.first == number && range.last == number, "'%s'", text);
	optarg = text;
	if (!filter_option(&filter, &common, OPT_PAGE_SIZE))
		CHECK(filter.actual_shift >= 12 && filter.actual_shift <= 34, "'%s'", text);
	if (!parse_dialect(text, &dialect))
		CHECK(!strcmp(hpt_dialect_name(dialect), text), "'%s'", text);
	if (!parse_processor(text, &sizes))
		CHECK(sizes && sizes->n, "'%s'", text);
}

static void see_addresses(int fd)
{
	struct addresses addresses;
	uint64_t ea[BATCH];
	size_t n;
	int ret = 1;

	CHECK(!addresses_open(&addresses, fd), "no memory");
	while (ret > 0) {
		ret = addresses_next(&addresses, ea, &n);
		CHECK(n <= BATCH, "%zu addresses", n);
		CHECK(ret < 0 || (size_t)ret == n, "%d and %zu addresses", ret, n);
	}
	CHECK(!ret || *said, "nothing was said");
	addresses_close(&addresses);
}

static void see_monitor(int fd, bool slb, bool any, uint32_t id)
{
	static struct vcpu vcpu;
	char path[64];
	int ret;

	memset(&vcpu, 0, sizeof(vcpu));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = slb ? monitor_slb(path, any, id, &vcpu)
		  : monitor_registers(path, any, id, &vcpu);
	CHECK(!ret || *said, "nothing was said");
	CHECK(vcpu.mmu.slb_n <= HPT_SLB_MAX, "%u slots", vcpu.mmu.slb_n);
	CHECK(ret || vcpu.has_registers == !slb, "not what was asked for");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	uint64_t kind = take(&in, 1);
	char *text = malloc(in.len + 1);
	int fd;

	CHECK(text, "no memory");
	if (in.len)
		memcpy(text, in.data, in.len);
	text[in.len] = '\0';
	said[0] = '\0';
	fd = kind % 4 ? file_of(in.data, in.len) : -1;
	if (kind % 4 == 0) {
		see_words(text);
	} else if (kind % 4 == 1) {
		memory_begin();
		see_addresses(fd);
		memory_end(0, 0, 256u << 10);
	} else {
		/* Its lines are libc's to allocate. */
		see_monitor(fd, kind & 1, kind & 4, (uint32_t)kind >> 3 & 3);
	}
	if (fd >= 0)
		close(fd);
	free(text);
	return 0;
}
