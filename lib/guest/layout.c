/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The fields of a vCPU and of a pseries machine without QEMU's description: layouts that are
 * built in. Source: the format of target/ppc/machine.c and hw/ppc/spapr.c of QEMU 2.9 to
 * 10.0. A subsection that is not known is passed over up to the next one that is.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <string.h>

#include "internal.h"

#define SUBSECTION 0x05
#define SUBSECTION_HEADER 2  /* type, length of the name */
#define SUBSECTION_VERSION 4 /* behind the name */
#define FIELDS_MAX 11

struct layout_field {
	const char *name;
	uint16_t n;
	uint16_t size; /* of each; 0: bytes, as many as the field before says */
};

/* A section or subsection, in one of its forms. */
struct layout {
	const char *section;
	struct layout_field fields[FIELDS_MAX];
};

/*
 * Forms of one name follow each other. The one that holds is that which ends where another
 * subsection begins, or the section ends.
 */
static const struct layout layouts[] = {
	{ "cpu_common", { { "halted", 1, 4 }, { "interrupt_request", 1, 4 } } },
	/* 64-bit QEMU; with what machines up to pseries-2.7 add; 32-bit QEMU. */
	{ "cpu", { { "unused", 1, 8 }, { "gpr", 32, 8 }, { "crf", 8, 4 }, { "nip", 1, 8 },
		   { "spr", 1024, 8 }, { "spe_acc", 1, 8 }, { "reserve_addr", 1, 8 },
		   { "msr", 1, 8 }, { "hflags", 1, 8 } } },
	{ "cpu", { { "unused", 1, 8 }, { "gpr", 32, 8 }, { "crf", 8, 4 }, { "nip", 1, 8 },
		   { "spr", 1024, 8 }, { "spe_acc", 1, 8 }, { "reserve_addr", 1, 8 },
		   { "msr", 1, 8 }, { "hflags", 1, 8 }, { "mig", 28, 1 } } },
	{ "cpu", { { "unused", 1, 4 }, { "gpr", 32, 4 }, { "gprh", 32, 4 }, { "crf", 8, 4 },
		   { "nip", 1, 4 }, { "spr", 1024, 4 }, { "spe_acc", 1, 8 },
		   { "reserve_addr", 1, 4 }, { "msr", 1, 4 }, { "hflags", 1, 4 } } },
	{ "cpu/fpu", { { "fpr", 32, 8 }, { "fpscr", 1, 8 } } },
	{ "cpu/fpu", { { "fpr", 32, 8 }, { "fpscr", 1, 4 } } },
	{ "cpu/altivec", { { "vsr", 32, 16 }, { "vscr", 1, 4 } } },
	{ "cpu/vsx", { { "vsr", 32, 8 } } },
	{ "cpu/sr", { { "sr", 32, 8 } } },
	{ "cpu/sr", { { "sr", 32, 4 } } },
	/* The number of slots stands there for machines up to pseries-2.12. */
	{ "cpu/slb", { { "slb", 64, 16 } } },
	{ "cpu/slb", { { "slb_nr", 1, 4 }, { "slb", 64, 16 } } },
	{ "cpu/compat", { { "compat_pvr", 1, 4 } } },
	{ "spapr_cpu", { { NULL, 0, 0 } } },
	{ "spapr_cpu/vpa", { { "vpa_addr", 1, 8 } } },
	{ "spapr_cpu/vpa/slb_shadow",
	  { { "slb_shadow_addr", 1, 8 }, { "slb_shadow_size", 1, 8 } } },
	{ "spapr_cpu/vpa/dtl", { { "dtl_addr", 1, 8 }, { "dtl_size", 1, 8 } } },
	{ "spapr", { { "tb", 16, 1 } } },
	{ "spapr_option_vector_ov5_cas", { { "ov5_cas", 256, 1 } } },
	{ "spapr_patb_entry", { { "patb_entry", 1, 8 } } },
	{ "spapr/cap/hpt_maxpagesize", { { "caps", 1, 1 } } },
	{ "spapr_dtb", { { "fdt_initial_size", 1, 4 }, { "fdt_size", 1, 4 },
			 { "fdt_blob", 0, 0 } } },
};

#define N_LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

struct walk {
	const char *name; /* of the device */
	const unsigned char *bytes;
	size_t len;
	guest_field_fn *fn;
	void *arg;
};

/* The first layout of a name of @len bytes, or N_LAYOUTS. */
static size_t find_layout(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < N_LAYOUTS; i++)
		if (strlen(layouts[i].section) == len && !memcmp(layouts[i].section, name, len))
			break;
	return i;
}

/* May a subsection of the device begin here? Its name begins with the device's. */
static bool at_header(const struct walk *walk, size_t at)
{
	const unsigned char *bytes = walk->bytes + at;
	size_t prefix = strlen(walk->name);

	return walk->len - at >= SUBSECTION_HEADER && bytes[0] == SUBSECTION &&
	       bytes[1] > prefix &&
	       walk->len - at >= SUBSECTION_HEADER + (size_t)bytes[1] + SUBSECTION_VERSION &&
	       !memcmp(bytes + SUBSECTION_HEADER, walk->name, prefix);
}

static bool at_end(const struct walk *walk, size_t at)
{
	return at == walk->len || at_header(walk, at);
}

/* The layout of the subsection that begins here, or N_LAYOUTS. */
static size_t layout_here(const struct walk *walk, size_t at)
{
	return find_layout((const char *)walk->bytes + at + SUBSECTION_HEADER,
			   walk->bytes[at + 1]);
}

/* Elements of a field; SIZE_MAX when they do not fit. */
static size_t elements(const struct walk *walk, const struct layout_field *field, size_t at)
{
	size_t size = field->size ? field->size : 1, n = field->n;

	if (!field->size)
		n = (size_t)guest_load(walk->bytes + at - 4, 4);
	return n > (walk->len - at) / size ? SIZE_MAX : n;
}

/* Where a layout's fields end, given to @fn if there is one; SIZE_MAX: beyond the section. */
static size_t walk_layout(const struct walk *walk, const struct layout *layout, size_t at,
			  guest_field_fn *fn)
{
	struct guest_field field = { .section = layout->section };
	const struct layout_field *f;

	for (f = layout->fields; f < layout->fields + FIELDS_MAX && f->name; f++) {
		field.name = f->name;
		field.n = elements(walk, f, at);
		if (field.n == SIZE_MAX)
			return SIZE_MAX;
		field.size = f->size ? f->size : 1;
		field.bytes = walk->bytes + at;
		if (fn && field.n)
			fn(walk->arg, &field);
		at += field.n * field.size;
	}
	return at;
}

/* Take a section or subsection in the form that fits; false when none does. */
static bool take_forms(const struct walk *walk, size_t layout, size_t *at)
{
	const char *section = layouts[layout].section;
	size_t end;

	for (; layout < N_LAYOUTS && !strcmp(layouts[layout].section, section); layout++) {
		end = walk_layout(walk, &layouts[layout], *at, NULL);
		if (end == SIZE_MAX || !at_end(walk, end))
			continue;
		walk_layout(walk, &layouts[layout], *at, walk->fn);
		*at = end;
		return true;
	}
	return false;
}

/* The next place from @at on where a subsection begins that is known; or the end. */
static size_t find_known(const struct walk *walk, size_t at)
{
	for (; at < walk->len; at++)
		if (at_header(walk, at) && layout_here(walk, at) < N_LAYOUTS)
			break;
	return at;
}

bool guest_fields_built_in(const char *name, const unsigned char *bytes, size_t len,
			   guest_field_fn *fn, void *arg)
{
	struct walk walk = { .name = name, .bytes = bytes, .len = len, .fn = fn, .arg = arg };
	size_t at = 0, layout = find_layout(name, strlen(name)), behind;

	if (layout == N_LAYOUTS || !take_forms(&walk, layout, &at))
		return false;
	while (at < len) {
		if (!at_header(&walk, at))
			return false;
		layout = layout_here(&walk, at);
		behind = at + SUBSECTION_HEADER + bytes[at + 1] + SUBSECTION_VERSION;
		if (layout < N_LAYOUTS && take_forms(&walk, layout, &behind))
			at = behind;
		else
			at = find_known(&walk, at + 1);
	}
	return true;
}
