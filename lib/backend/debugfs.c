/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * KVM's listing of a guest's table, read whole into an array of lines: they come in ascending
 * order, so that a slot is found by bisection. The table is the guest's view of them.
 */

#include <stdlib.h>

#include <hpt/debugfs.h>

#include "../core/internal.h"
#include "../table/internal.h"
#include "debugfs.h"
#include "fd.h"

#define WINDOW ((size_t)64 << 10) /* bytes read at once */
#define FORMS (HPT_DEBUGFS_CLASSIC | HPT_DEBUGFS_V3)
/* The key of a slot at an address where the guest has no memory. */
#define KEY_MMIO (HPT_R_KEY_HIGH | HPT_R_KEY_LOW)
/* KVM's mark in the guest's doubleword 1: not yet given to a reader of the stream. */
#define GUEST_R_MODIFIED HPT_R_SOFTWARE
/* Doubleword 0 of the ISA 3.0 form has nothing here: the kernel cuts it off. */
#define V_NOT_V3 UINT64_C(0xFFF0000000000000)
#define ULL(x) ((unsigned long long)(x))

struct listing {
	struct listing_line *line;
	size_t n, room;
	size_t only_classic; /* number of the first line that can only be in this form, or 0 */
	size_t only_v3;
	uint64_t slots; /* of the order that was given, or of any table */
	struct hpt_debugfs_info info;
};

/* Where in the listing: for every complaint about a line. */
static int bad_line(const struct listing *l, int code, size_t column, struct hpt_error *err,
		    const char *what)
{
	uint64_t offset = l->info.bytes + column;

	return hpt_fail_offset(err, code, offset,
			       "kvm-debugfs: line %zu, column %zu (offset %llu): %s", l->n + 1,
			       column + 1, ULL(offset), what);
}

static int bad_byte(const struct listing *l, size_t column, unsigned char found,
		    const char *expected, struct hpt_error *err)
{
	char what[160];

	if (found > ' ' && found < 0x7f)
		hpt_format(what, sizeof(what), "expected %s, found '%c'", expected, found);
	else
		hpt_format(what, sizeof(what), "expected %s, found a byte %#x", expected,
			   found);
	return bad_line(l, HPT_ERR_FORMAT, column, err, what);
}

static int ended(const struct listing *l, size_t column, const char *expected,
		 struct hpt_error *err)
{
	char what[160];

	hpt_format(what, sizeof(what), "the listing ends inside a line, expected %s",
		   expected);
	return bad_line(l, HPT_ERR_TRUNCATED, column, err, what);
}

/* The index: above the one before, and in the table. */
static int check_index(const struct listing *l, const struct listing_line *line,
		       struct hpt_error *err)
{
	char what[160];
	int code = HPT_ERR_FORMAT;

	if (l->n && line->ptex <= l->line[l->n - 1].ptex) {
		hpt_format(what, sizeof(what),
			   "slot %#llx comes after slot %#llx, expected "
			   "ascending order",
			   ULL(line->ptex), ULL(l->line[l->n - 1].ptex));
	} else if (line->ptex >= l->slots) {
		code = HPT_ERR_RANGE;
		hpt_format(what, sizeof(what), "slot %#llx is beyond the last, %#llx",
			   ULL(line->ptex), ULL(l->slots - 1));
	} else {
		return HPT_OK;
	}
	bad_line(l, code, 0, err, what);
	hpt_error_set_ptex(err, line->ptex);
	return code;
}

static int check_line(const struct listing *l, const struct listing_line *line,
		      struct hpt_error *err)
{
	int ret = check_index(l, line, err);

	if (ret || line->v & (HPT_V_VALID | LISTING_V_ABSENT))
		return ret;
	bad_line(l, HPT_ERR_FORMAT, 0, err,
		 "the slot is neither valid (1) nor absent (0x20) in doubleword 0");
	hpt_error_set_ptex(err, line->ptex);
	return HPT_ERR_FORMAT;
}

/*
 * What the line tells of the form: see struct hpt_debugfs_info. An absent slot may have bits of
 * an address that the guest made up, but in the classic form they are those of its own word.
 */
static void look_at_form(struct listing *l, const struct listing_line *line)
{
	uint64_t b = line->r & HPT_V3_R_B;

	if (!(line->v & HPT_V_VALID))
		b ^= line->guest_r & HPT_V3_R_B;
	if (line->v & V_NOT_V3 && !l->only_classic)
		l->only_classic = l->n + 1;
	if (b && !l->only_v3)
		l->only_v3 = l->n + 1;
}

static bool is_mmio(const struct listing_line *line)
{
	return !(line->v & HPT_V_VALID) && (line->r & KEY_MMIO) == KEY_MMIO;
}

static int add_line(struct listing *l, const struct listing_line *line, struct hpt_error *err)
{
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct listing_line *bigger = NULL;

		if (room <= SIZE_MAX / sizeof(*bigger))
			bigger = realloc(l->line, room * sizeof(*bigger));
		if (!bigger)
			return hpt_fail(err, HPT_ERR_MEMORY, "kvm-debugfs: out of memory");
		l->line = bigger;
		l->room = room;
	}
	look_at_form(l, line);
	l->line[l->n++] = *line;
	l->info.absent += !(line->v & HPT_V_VALID);
	l->info.mmio += is_mmio(line);
	l->info.modified += (line->guest_r & GUEST_R_MODIFIED) != 0;
	return HPT_OK;
}

/* Take the whole lines of @text in; *@used is their bytes. */
static int take_lines(struct listing *l, const unsigned char *text, size_t len, bool last,
		      size_t *used, struct hpt_error *err)
{
	for (*used = 0; *used < len;) {
		struct listing_line line;
		const char *expected;
		size_t at;
		int ret;

		switch (hpt_listing_line(text + *used, len - *used, &line, &at, &expected)) {
		case LISTING_BAD:
			return bad_byte(l, at, text[*used + at], expected, err);
		case LISTING_SHORT:
			return last ? ended(l, at, expected, err) : HPT_OK;
		default:
			break;
		}
		ret = check_line(l, &line, err);
		if (!ret)
			ret = add_line(l, &line, err);
		if (ret)
			return ret;
		*used += at;
		l->info.bytes += at;
	}
	return HPT_OK;
}

/* Read the source to its end, in one pass, as it comes. */
static int take_source(struct listing *l, const struct hpt_reader_ops *ops, void *ctx,
		       struct hpt_error *err)
{
	unsigned char *buffer = malloc(WINDOW);
	size_t have = 0, got = 1, used;
	int ret = HPT_OK;

	if (!buffer)
		return hpt_fail(err, HPT_ERR_MEMORY, "kvm-debugfs: out of memory");
	while (!ret && got) {
		got = 0;
		ret = ops->read(ctx, buffer + have, WINDOW - have, &got, err);
		if (ret)
			break;
		have += got;
		ret = take_lines(l, buffer, have, !got, &used, err);
		if (ret)
			break;
		have -= used;
		memmove(buffer, buffer + used, have);
	}
	free(buffer);
	return ret;
}

static int find_form(struct listing *l, uint32_t flags, struct hpt_error *err)
{
	bool v3 = flags & HPT_DEBUGFS_V3 || (!(flags & HPT_DEBUGFS_CLASSIC) && l->only_v3);

	if (flags & HPT_DEBUGFS_V3 && l->only_classic)
		return hpt_fail(err, HPT_ERR_FORM,
				"kvm-debugfs: line %zu has bits in doubleword 0 for which the "
				"ISA 3.0 form, which was given, has no place",
				l->only_classic);
	if (!flags && l->only_classic && l->only_v3)
		return hpt_fail(
			err, HPT_ERR_FORM,
			"kvm-debugfs: line %zu can only be in the classic form and line "
			"%zu only in that of ISA 3.0; say the form",
			l->only_classic, l->only_v3);
	l->info.form = v3 ? HPT_FORM_V3 : HPT_FORM_CLASSIC;
	l->info.form_told = flags || l->only_classic || l->only_v3;
	return HPT_OK;
}

static uint32_t least_order(const struct listing *l)
{
	uint32_t order = HPT_ORDER_MIN;

	while (l->n && l->line[l->n - 1].ptex >> (order - HPT_ENTRY_SHIFT))
		order++;
	return order;
}

/* The entry that hardware searches, in the classic form, without KVM's bits. */
static struct hpt_entry host_view(const struct listing *l, const struct listing_line *line)
{
	struct hpt_entry entry = { .v = line->v, .r = line->r };

	if (l->info.form == HPT_FORM_V3)
		entry = hpt_entry_from_v3(entry);
	entry.v &= ~HPT_V_HYPERVISOR;
	return entry;
}

/* The entry that the guest made, as the stream would have it. */
static struct hpt_entry guest_view(const struct listing *l, const struct listing_line *line)
{
	struct hpt_entry host = host_view(l, line);
	struct hpt_entry guest = { .v = host.v | HPT_V_VALID,
				   .r = line->guest_r & ~GUEST_R_MODIFIED };

	if (host.v & HPT_V_VALID)
		guest.r |= host.r & (HPT_R_REFERENCED | HPT_R_CHANGED);
	return guest;
}

/* Number of the first line whose index is @ptex or more. */
static size_t find_line(const struct listing *l, uint64_t ptex)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->line[middle].ptex < ptex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int listing_read(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
			struct hpt_error *err)
{
	const struct listing *l = ctx;
	size_t i = find_line(l, ptex);

	(void)err;
	memset(out, 0, n * sizeof(*out));
	for (; i < l->n && l->line[i].ptex - ptex < n; i++)
		out[l->line[i].ptex - ptex] = guest_view(l, &l->line[i]);
	return HPT_OK;
}

/* Entries given to a callback at once. */
#define RUN_MAX 64

static int listing_each(void *ctx, uint64_t ptex, uint64_t n, hpt_each_fn *fn, void *arg,
			struct hpt_error *err)
{
	const struct listing *l = ctx;
	size_t i = find_line(l, ptex);

	while (i < l->n && l->line[i].ptex - ptex < n) {
		struct hpt_entry run[RUN_MAX];
		uint64_t first = l->line[i].ptex;
		size_t len = 0;

		while (len < RUN_MAX && i < l->n && l->line[i].ptex == first + len &&
		       first + len - ptex < n)
			run[len++] = guest_view(l, &l->line[i++]);
		if (fn(arg, first, len, run))
			return hpt_fail_ptex(err, HPT_ERR_STOPPED, first,
					     "stopped by the callback at slot %#llx",
					     ULL(first));
	}
	return HPT_OK;
}

static void close_listing(void *ctx)
{
	struct listing *l = ctx;

	free(l->line);
	free(l);
}

static const struct hpt_table_ops listing_ops = {
	.size = sizeof(listing_ops),
	.read = listing_read,
	.each = listing_each,
	.close = close_listing,
};

static int check_options(const struct hpt_debugfs_options *given,
			 struct hpt_debugfs_options *o, struct hpt_error *err)
{
	int ret = hpt_options_in(o, sizeof(*o), sizeof(*o), given, "hpt_debugfs_options", err);

	if (!ret && (o->flags & ~FORMS || o->flags == FORMS))
		ret = hpt_fail(
			err, HPT_ERR_ARGUMENT,
			"struct hpt_debugfs_options: flags are %#x, expected 0, %#x or %#x",
			o->flags, HPT_DEBUGFS_CLASSIC, HPT_DEBUGFS_V3);
	if (!ret && o->order)
		ret = hpt_check_order(o->order, HPT_ORDER_MAX, err);
	return ret;
}

static struct listing *new_listing(const struct hpt_debugfs_options *o)
{
	struct listing *l = calloc(1, sizeof(*l));

	if (l)
		l->slots = UINT64_C(1)
			   << ((o->order ? o->order : HPT_ORDER_MAX) - HPT_ENTRY_SHIFT);
	return l;
}

/* All lines are there: what table is it? Takes @l over, also on failure. */
static int open_table(struct listing *l, const struct hpt_debugfs_options *o,
		      struct hpt_table **out, struct hpt_error *err)
{
	struct hpt_table_config config = { .size = sizeof(config),
					   .backend = "kvm-debugfs",
					   .flags = HPT_TABLE_CONCURRENT };
	int ret = find_form(l, o->flags, err);

	l->info.listed = l->n;
	l->info.order_inferred = !o->order;
	config.order = o->order ? o->order : least_order(l);
	if (!ret)
		ret = hpt_table_open(&listing_ops, l, &config, out, err);
	if (ret)
		close_listing(l);
	return ret;
}

static int check_reader(const struct hpt_reader_ops *given, struct hpt_reader_ops *ops,
			struct hpt_error *err)
{
	int ret;

	if (!given)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "kvm-debugfs: no source");
	ret = hpt_options_in(ops, sizeof(*ops), sizeof(*ops), given, "hpt_reader_ops", err);
	if (!ret && !ops->read)
		ret = hpt_fail(err, HPT_ERR_ARGUMENT, "struct hpt_reader_ops: no read");
	return ret;
}

int hpt_debugfs_open_reader(const struct hpt_reader_ops *ops, void *ctx,
			    const struct hpt_debugfs_options *options, struct hpt_table **out,
			    struct hpt_error *err)
{
	struct hpt_debugfs_options o;
	struct hpt_reader_ops r;
	struct hpt_error own;
	struct listing *l;
	int ret = check_reader(ops, &r, err);

	if (!ret)
		ret = check_options(options, &o, err);
	if (ret)
		return ret;
	l = new_listing(&o);
	if (!l)
		return hpt_fail(err, HPT_ERR_MEMORY, "kvm-debugfs: out of memory");
	ret = take_source(l, &r, ctx, err ? err : &own);
	if (!ret)
		return open_table(l, &o, out, err);
	close_listing(l);
	return ret;
}

int hpt_debugfs_open(int fd, const struct hpt_debugfs_options *options, struct hpt_table **out,
		     struct hpt_error *err)
{
	struct hpt_fd_source source = { .fd = fd, .who = "kvm-debugfs" };

	return hpt_debugfs_open_reader(&hpt_fd_ops, &source, options, out, err);
}

int hpt_debugfs_open_memory(const void *text, size_t len,
			    const struct hpt_debugfs_options *options, struct hpt_table **out,
			    struct hpt_error *err)
{
	struct hpt_debugfs_options o;
	struct listing *l;
	size_t used;
	int ret = check_options(options, &o, err);

	if (!ret && !text && len)
		ret = hpt_fail(err, HPT_ERR_ARGUMENT, "kvm-debugfs: NULL");
	if (ret)
		return ret;
	l = new_listing(&o);
	if (!l)
		return hpt_fail(err, HPT_ERR_MEMORY, "kvm-debugfs: out of memory");
	ret = take_lines(l, text, len, true, &used, err);
	if (!ret)
		return open_table(l, &o, out, err);
	close_listing(l);
	return ret;
}

bool hpt_debugfs_detect(const void *text, size_t len)
{
	struct listing_line line;
	const char *expected;
	size_t at;

	if (!text)
		return false;
	switch (hpt_listing_line(text, len, &line, &at, &expected)) {
	case LISTING_LINE:
		return true;
	case LISTING_SHORT:
		/* With the space behind the index: few other files begin so. */
		return at > LISTING_INDEX_WIDTH &&
		       memchr((const char *)text + LISTING_INDEX_WIDTH, ' ',
			      at - LISTING_INDEX_WIDTH);
	default:
		return false;
	}
}

int hpt_debugfs_info(const struct hpt_table *table, struct hpt_debugfs_info *info,
		     struct hpt_error *err)
{
	const struct listing *l = hpt_table_context(table, &listing_ops);

	if (!l)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "kvm-debugfs: the table is no listing");
	return hpt_result_out(info, sizeof(l->info), &l->info, sizeof(l->info),
			      "hpt_debugfs_info", err);
}

int hpt_debugfs_slot(const struct hpt_table *table, uint64_t ptex,
		     struct hpt_debugfs_slot *slot, struct hpt_error *err)
{
	const struct listing *l = hpt_table_context(table, &listing_ops);
	struct hpt_debugfs_slot found = { .size = sizeof(found) };
	size_t i;

	if (!l)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "kvm-debugfs: the table is no listing");
	if (ptex >= hpt_table_entries(table))
		return hpt_fail_ptex(err, HPT_ERR_RANGE, ptex,
				     "kvm-debugfs: slot %#llx, expected at most %#llx",
				     ULL(ptex), ULL(hpt_table_entries(table) - 1));
	i = find_line(l, ptex);
	if (i < l->n && l->line[i].ptex == ptex) {
		const struct listing_line *line = &l->line[i];

		found.listed = true;
		found.absent = !(line->v & HPT_V_VALID);
		found.mmio = is_mmio(line);
		found.modified = line->guest_r & GUEST_R_MODIFIED;
		found.real = (struct hpt_entry){ .v = line->v, .r = line->r };
		found.host = host_view(l, line);
		found.guest_r = line->guest_r;
	}
	return hpt_result_out(slot, sizeof(found), &found, sizeof(found), "hpt_debugfs_slot",
			      err);
}
