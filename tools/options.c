/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool.h"

/* Options that several commands take, and how their values are read. */

#include <stdlib.h>
#include <string.h>

int options_begin(struct common *common, const struct command *command, int argc)
{
	*common = (struct common){ .command = command };
	common->guest.size = sizeof(common->guest);
	common->then = calloc((size_t)argc, sizeof(*common->then));
	if (!common->then) {
		complain("no memory");
		return EXIT_ERROR;
	}
	optind = 0; /* glibc: begin anew, and permit options after operands */
	opterr = 0;
	return 0;
}

int bad_value(const struct common *common, const char *option, const char *value,
	      const char *expected)
{
	usage_error(common->command, "--%s: '%s' is not %s", option, value, expected);
	return OPT_BAD;
}

static const char *option_name(const void *list, size_t i)
{
	return ((const struct option *)list)[i].name;
}

static bool is_known(const struct option *options, const char *word, size_t len)
{
	for (; options->name; options++)
		if (!strncmp(options->name, word, len) && options->name[len] == '\0')
			return true;
	return false;
}

/* getopt_long() did not like an argument: say which, and what was meant. */
static int bad_option(const struct common *common, char **argv, int code)
{
	const struct command *command = common->command;
	const char *arg = argv[optind - 1];
	const char *guess;
	char word[32];
	size_t len;

	if (code == ':') {
		usage_error(command, "%s needs a value", arg);
		return OPT_BAD;
	}
	if (strncmp(arg, "--", 2)) {
		usage_error(command, "unknown option -%c", optopt);
		return OPT_BAD;
	}
	len = strcspn(arg + 2, "=");
	if (optopt || is_known(command->options, arg + 2, len)) {
		usage_error(command, "--%.*s takes no value", (int)len, arg + 2);
		return OPT_BAD;
	}
	if (len >= sizeof(word))
		len = sizeof(word) - 1;
	memcpy(word, arg + 2, len);
	word[len] = '\0';
	guess = nearest(word, option_name, command->options);
	if (guess)
		usage_error(command, "unknown option %s; did you mean --%s?", arg, guess);
	else
		usage_error(command, "unknown or ambiguous option %s", arg);
	return OPT_BAD;
}

/* What SOURCE is, by the value of an option. */
int options_kind(struct common *common)
{
	static const enum hpt_source_kind kinds[] = { HPT_SOURCE_QEMU, HPT_SOURCE_STREAM,
						      HPT_SOURCE_IMAGE, HPT_SOURCE_LISTING,
						      HPT_SOURCE_CORE, HPT_SOURCE_KDUMP };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(optarg, hpt_source_kind_name(kinds[i])) == 0) {
			common->guest.kind = kinds[i];
			return 0;
		}
	}
	common->ram = strcmp(optarg, "ram") == 0;
	if (common->ram)
		return 0;
	return bad_value(common, "kind", optarg,
			 "qemu, kvm-stream, image, kvm-debugfs, core, kdump or ram");
}

int parse_dialect(const char *text, enum hpt_dialect *out)
{
	static const enum hpt_dialect dialects[] = { HPT_DIALECT_KVM_LE, HPT_DIALECT_KVM_BE,
						     HPT_DIALECT_QEMU };

	for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
		if (strcmp(text, hpt_dialect_name(dialects[i])) == 0) {
			*out = dialects[i];
			return 0;
		}
	}
	return OPT_BAD;
}

static int set_dialect(struct common *common)
{
	if (!parse_dialect(optarg, &common->guest.dialect))
		return 0;
	return bad_value(common, "dialect", optarg, "kvm-le, kvm-be or qemu");
}

static int set_order(struct common *common)
{
	uint64_t order;

	if (parse_number(optarg, &order) || order < HPT_ORDER_MIN || order > HPT_ORDER_MAX)
		return bad_value(common, "order", optarg,
				 "the log2 of a table's bytes, 18 to 46");
	common->guest.order = (uint32_t)order;
	return 0;
}

static int set_colour(struct common *common)
{
	static const char *const words[] = { "auto", "always", "never" };

	for (unsigned i = 0; i < 3; i++) {
		if (strcmp(optarg, words[i]) == 0) {
			common->colour = (enum colour_when)i;
			return 0;
		}
	}
	return bad_value(common, "color", optarg, "auto, always or never");
}

static int set_form(struct common *common)
{
	common->guest.flags &= ~(HPT_GUEST_CLASSIC | HPT_GUEST_V3);
	if (strcmp(optarg, "classic") == 0)
		common->guest.flags |= HPT_GUEST_CLASSIC;
	else if (strcmp(optarg, "v3") == 0)
		common->guest.flags |= HPT_GUEST_V3;
	else
		return bad_value(common, "form", optarg, "classic or v3");
	return 0;
}

/* Where the table of a RAM image lies. */
static int set_pointer(struct common *common, int code)
{
	uint64_t value;

	if (parse_number(optarg, &value) || (code == OPT_LPID && value > UINT32_MAX)) {
		const char *name = code == OPT_SDR1   ? "sdr1"
				   : code == OPT_PTCR ? "ptcr"
						      : "lpid";

		return bad_value(common, name, optarg,
				 "a number, decimal or hexadecimal after 0x");
	}
	if (code == OPT_SDR1) {
		common->sdr1 = value;
		common->has_sdr1 = true;
	} else if (code == OPT_PTCR) {
		common->ptcr = value;
		common->has_ptcr = true;
	} else {
		common->lpid = (uint32_t)value;
	}
	return 0;
}

static int set_timeout(struct common *common)
{
	uint64_t seconds;

	if (parse_number(optarg, &seconds) || !seconds || seconds > 3600)
		return bad_value(common, "timeout", optarg, "a number of seconds, 1 to 3600");
	common->timeout_ms = (uint32_t)seconds * 1000;
	return 0;
}

#define NOT_COMMON 1

/* An option that every command has. */
static int set_option(struct common *common, int code)
{
	switch (code) {
	case OPT_KIND:
		return options_kind(common);
	case OPT_ORDER:
		return set_order(common);
	case OPT_DIALECT:
		return set_dialect(common);
	case OPT_COLOR:
		return set_colour(common);
	case OPT_SDR1:
	case OPT_PTCR:
	case OPT_LPID:
		return set_pointer(common, code);
	case OPT_FORM:
		return set_form(common);
	case OPT_DEBUGFS:
		common->debugfs = optarg;
		return 0;
	case OPT_THEN:
		common->then[common->n_then++] = optarg;
		return 0;
	case OPT_PAUSE:
		common->pause = true;
		return 0;
	case OPT_TIMEOUT:
		return set_timeout(common);
	case OPT_HELP:
		common->help = true;
		return 0;
	default:
		return NOT_COMMON;
	}
}

/*
 * Of two sources: what is said once is meant for both, what is said again for the second; a
 * pass on top is the second's alone.
 */
static int set_options(struct common *common, int code)
{
	uint64_t bit = UINT64_C(1) << (code & 63);
	int ret = 0;

	if (!common->second)
		return set_option(common, code);
	if (code != OPT_THEN && !(common->said & bit))
		ret = set_option(common, code);
	if (!ret)
		ret = set_option(common->second, code);
	if (ret != NOT_COMMON)
		common->said |= bit;
	return ret;
}

/* The next option that is the command's own, OPT_END, or OPT_BAD. */
int options_next(struct common *common, int argc, char **argv)
{
	const struct command *command = common->command;
	int ret = 0;

	while (!ret) {
		int code = getopt_long(argc, argv, command->short_options, command->options,
				       NULL);

		if (code == '?' || code == ':')
			return bad_option(common, argv, code);
		ret = code == OPT_END ? NOT_COMMON : set_options(common, code);
		if (ret == NOT_COMMON)
			return code;
	}
	return ret;
}

static int check_ram(const struct common *common)
{
	const struct command *command = common->command;

	if (common->has_sdr1 && common->has_ptcr)
		return usage_error(command, "--sdr1 and --ptcr exclude each other");
	if (common->ram && common->n_then)
		return usage_error(command, "--then belongs to --kind kvm-stream");
	return 0;
}

/* A guest that runs, not something that was saved. */
bool is_running(const struct common *common)
{
	return strncmp(common->source, "qmp:", 4) == 0;
}

/* Of two sources the first is not judged before the second is known. */
static bool none_running(const struct common *common)
{
	const struct common *other = common->second;

	return !is_running(common) && (!other || (other->source && !is_running(other)));
}

/* The first operand: a source, and standard input once at most. optind is behind it. */
int options_source(struct common *common, int argc, char **argv)
{
	unsigned inputs = 0;

	if (optind >= argc)
		return usage_error(common->command, "no SOURCE was given");
	common->source = argv[optind++];
	inputs += strcmp(common->source, "-") == 0;
	for (size_t i = 0; i < common->n_then; i++)
		inputs += strcmp(common->then[i], "-") == 0;
	if (inputs > 1)
		return usage_error(common->command,
				   "standard input (-) can be read only once");
	if ((common->pause || common->timeout_ms) && none_running(common))
		return usage_error(common->command,
				   "--pause and --timeout belong to a guest that runs, "
				   "qmp:SOCKET");
	return check_ram(common);
}

/* The operand, where a source is all that the command takes. */
int options_end(struct common *common, int argc, char **argv)
{
	if (argc - optind > 1)
		return usage_error(common->command, "one SOURCE at a time: what of '%s'?",
				   argv[optind + 1]);
	return options_source(common, argc, argv);
}

static unsigned suffix_shift(char c)
{
	switch (c) {
	case 'K':
	case 'k':
		return 10;
	case 'M':
	case 'm':
		return 20;
	case 'G':
	case 'g':
		return 30;
	case 'T':
	case 't':
		return 40;
	default:
		return 0;
	}
}

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return UINT32_MAX;
}

/* Decimal or 0x hexadecimal, with K, M, G or T behind; returns where it ended, or NULL. */
static const char *scan_number(const char *text, uint64_t *out)
{
	unsigned base = 10;
	unsigned shift;
	uint64_t value = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (digit_value(*text) >= base)
		return NULL;
	for (; digit_value(*text) < base; text++) {
		unsigned digit = digit_value(*text);

		if (value > (UINT64_MAX - digit) / base)
			return NULL;
		value = value * base + digit;
	}
	shift = suffix_shift(*text);
	if (shift && value > UINT64_MAX >> shift)
		return NULL;
	*out = value << shift;
	return shift ? text + 1 : text;
}

int parse_number(const char *text, uint64_t *out)
{
	const char *end = scan_number(text, out);

	return end && *end == '\0' ? 0 : OPT_BAD;
}

/* A, A-B (both included), A- (to the end), A+N (N from A). */
int parse_range(const char *text, struct range *out)
{
	uint64_t first, last, n;
	const char *end = scan_number(text, &first);

	if (!end)
		return OPT_BAD;
	if (*end == '\0') {
		last = first;
	} else if (*end == '-' && end[1] == '\0') {
		last = UINT64_MAX;
	} else if (*end == '-') {
		if (parse_number(end + 1, &last) || last < first)
			return OPT_BAD;
	} else if (*end == '+') {
		if (parse_number(end + 1, &n) || !n || n - 1 > UINT64_MAX - first)
			return OPT_BAD;
		last = first + n - 1;
	} else {
		return OPT_BAD;
	}
	out->first = first;
	out->last = last;
	return 0;
}

static const char *const processor_names[HPT_CPU_COUNT] = {
	[HPT_CPU_970] = "970",	       [HPT_CPU_POWER5P] = "power5+",
	[HPT_CPU_POWER6] = "power6",   [HPT_CPU_POWER7] = "power7",
	[HPT_CPU_POWER8] = "power8",   [HPT_CPU_POWER9] = "power9",
	[HPT_CPU_POWER10] = "power10",
};

const char *processor_name(enum hpt_processor processor)
{
	return processor_names[processor];
}

int parse_processor_name(const char *text, enum hpt_processor *out)
{
	for (unsigned i = 0; i < HPT_CPU_COUNT; i++) {
		if (strcmp(text, processor_names[i]) == 0) {
			*out = (enum hpt_processor)i;
			return 0;
		}
	}
	return OPT_BAD;
}

int parse_processor(const char *text, const struct hpt_page_sizes **out)
{
	enum hpt_processor processor;

	if (parse_processor_name(text, &processor))
		return OPT_BAD;
	*out = hpt_page_sizes_of(processor);
	return *out ? 0 : OPT_BAD;
}
