/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Sections of device state: how long each is, which the stream does not say, and what is
 * taken from those that are of use here.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <string.h>

#include "internal.h"

#define RUN_STATE_HEADER 4 /* the text's length */
#define TYPE_EOF 0x00
#define TYPE_START 0x01
#define TYPE_FULL 0x04
#define TYPE_DESCRIPTION 0x06
#define TYPE_FOOTER 0x7e
#define FOOTER_BYTES 5
#define ROUND_BYTES 5 /* of PART and END: type and id */
/* Of START and FULL: type and id, length of the name; behind it instance and version. */
#define NAMED_BYTES 6
#define NAMED_BEHIND 8
/* The registers alone, by a 32-bit QEMU: no footer is before that. */
#define CPU_BYTES_MIN 4412
/* With every subsection that QEMU has, and as much again: it is no further. */
#define CPU_BYTES_MAX 32768

/* "globalstate": a length, then the name of the state, in plain letters. */
static void take_run_state(struct hpt_guest *guest, const unsigned char *bytes, size_t len)
{
	size_t i;

	if (len <= RUN_STATE_HEADER)
		return;
	bytes += RUN_STATE_HEADER;
	len -= RUN_STATE_HEADER;
	for (i = 0; i < len && i < GUEST_RUN_STATE_ROOM - 1; i++) {
		if (bytes[i] != '-' && (bytes[i] < 'a' || bytes[i] > 'z'))
			break;
		guest->run_state[i] = (char)bytes[i];
	}
	if (i == len || bytes[i])
		i = 0; /* no such text */
	guest->run_state[i] = '\0';
}

static bool at_footer(const unsigned char *bytes, size_t len, uint64_t at, uint32_t id)
{
	return at <= len && len - at >= FOOTER_BYTES && bytes[at] == TYPE_FOOTER &&
	       guest_load(bytes + at + 1, 4) == id;
}

static bool all_zero(const unsigned char *bytes, size_t len)
{
	return !len || (!bytes[0] && !memcmp(bytes, bytes + 1, len - 1));
}

/* May @bytes stand between two sections: another with a name that can be, or the end? */
static bool may_follow(const unsigned char *bytes, size_t len)
{
	size_t i;

	if (!len)
		return true;
	if (bytes[0] == TYPE_EOF)
		return (len > 1 && bytes[1] == TYPE_DESCRIPTION) || all_zero(bytes, len);
	if (bytes[0] < TYPE_START || bytes[0] > TYPE_FULL)
		return false;
	if (bytes[0] != TYPE_START && bytes[0] != TYPE_FULL)
		return len >= ROUND_BYTES; /* a later one, of which only the id is said */
	if (len < NAMED_BYTES || !bytes[5] ||
	    len - NAMED_BYTES < (size_t)bytes[5] + NAMED_BEHIND)
		return false;
	for (i = 0; i < bytes[5]; i++)
		if (bytes[NAMED_BYTES + i] < 0x20 || bytes[NAMED_BYTES + i] > 0x7e)
			return false;
	return true;
}

/*
 * Without a description a section ends where its footer is, with something behind it that may
 * be there. What a guest has put in its registers could look like that: it would then hide
 * its own state, and nothing else.
 */
static bool find_footer(const unsigned char *bytes, size_t near, size_t len, size_t from,
			uint32_t id, uint64_t *length)
{
	const unsigned char *hit;

	while (from < near) {
		hit = memchr(bytes + from, TYPE_FOOTER, near - from);
		if (!hit)
			break;
		from = (size_t)(hit - bytes);
		if (at_footer(bytes, len, from, id) &&
		    may_follow(hit + FOOTER_BYTES, len - from - FOOTER_BYTES)) {
			*length = from;
			return true;
		}
		from++;
	}
	return false;
}

static int unknown_length(const struct hpt_guest *guest, const struct hpt_qemu_item *item,
			  struct hpt_error *err)
{
	const char *why = guest->description.why;
	char name[GUEST_PRINT_ROOM];

	return guest_fail_offset(
		err, HPT_ERR_SECTION_LENGTH, item->offset,
		"offset %llu: the length of section \"%.60s\" instance %u is not "
		"known: %s, and no footer was found",
		(unsigned long long)item->offset, guest_printable(name, item->name),
		item->instance_id,
		*why ? why : "QEMU's description does not name it");
}

static void warn_built_in(struct hpt_guest *guest)
{
	const char *why = guest->description.why;

	if (!guest->state.built_in)
		guest_warn(guest, "device state is read by the layouts that are built in: %s",
			   *why ? why : "QEMU's description does not name all of it");
	guest->state.built_in = true;
}

/*
 * Behind the registers first, which may hold anything. That looks at bytes of other sections,
 * too, so a hostile file may not have it done without end.
 */
static bool find_cpu_footer(struct hpt_guest *guest, const unsigned char *bytes, size_t len,
			    uint32_t id, uint64_t *length)
{
	size_t near = len < CPU_BYTES_MAX ? len : CPU_BYTES_MAX;

	return guest->state.n_cores++ < GUEST_VCPUS_MAX &&
	       find_footer(bytes, near, len, CPU_BYTES_MIN, id, length);
}

/*
 * What the description says counts where a footer stands there. If there is none it is wrong,
 * or the machine has no footers: then it is all that is known.
 */
static int find_length(struct hpt_guest *guest, const struct hpt_qemu_item *item,
		       const struct guest_device *device, const unsigned char *bytes,
		       size_t len, uint64_t *length, struct hpt_error *err)
{
	bool core = !strcmp(item->name, "cpu");
	char name[GUEST_PRINT_ROOM];

	if (device && at_footer(bytes, len, device->length, item->section_id)) {
		*length = device->length;
		return 0;
	}
	if (!guest->state.no_footers &&
	    ((core && find_cpu_footer(guest, bytes, len, item->section_id, length)) ||
	     find_footer(bytes, len, len, 0, item->section_id, length))) {
		if (device)
			guest_warn(guest,
				   "offset %llu: section \"%.60s\" has %llu bytes, its "
				   "description says %llu",
				   (unsigned long long)item->offset,
				   guest_printable(name, item->name),
				   (unsigned long long)*length,
				   (unsigned long long)device->length);
		else
			warn_built_in(guest);
		return 0;
	}
	if (!device)
		return unknown_length(guest, item, err);
	guest->state.no_footers = true;
	*length = device->length;
	return 0;
}

/* Give the fields of a section, by its description or by a layout. */
static bool give_fields(const struct guest_device *device, const char *name,
			const unsigned char *bytes, size_t len, guest_field_fn *fn, void *arg)
{
	if (device)
		return guest_fields_described(device, bytes, len, fn, arg);
	return guest_fields_built_in(name, bytes, len, fn, arg);
}

static void take_registers(struct hpt_guest *guest, const struct hpt_qemu_item *item,
			   const struct guest_device *device, const unsigned char *bytes,
			   size_t len, struct guest_vcpu *vcpu)
{
	bool core = !strcmp(item->name, "cpu");

	if (core)
		vcpu->registers->built_in = !device;
	if (give_fields(device, item->name, bytes, len, guest_take_register,
			vcpu->registers) ||
	    !core)
		return;
	guest_warn(guest, "offset %llu: section \"cpu\" instance %u is not understood",
		   (unsigned long long)item->offset, item->instance_id);
	vcpu->bad = true;
}

static int take_section(struct hpt_guest *guest, const struct hpt_qemu_item *item,
			const struct guest_device *device, const unsigned char *bytes,
			size_t len, struct hpt_error *err)
{
	struct guest_vcpu *vcpu = NULL;
	int r;

	if (!strcmp(item->name, "globalstate")) {
		take_run_state(guest, bytes, len);
		return 0;
	}
	if (!strcmp(item->name, "spapr")) {
		if (!give_fields(device, item->name, bytes, len, guest_take_machine,
				 &guest->state))
			guest_warn(guest,
				   "offset %llu: section \"spapr\" is not understood to "
				   "its end",
				   (unsigned long long)item->offset);
		return 0;
	}
	if (!guest_is_cpu(item->name))
		return 0;
	r = guest_take_cpu(&guest->state, item->name, item->instance_id, len, &vcpu, err);
	if (r || !vcpu)
		return r;
	if (!strcmp(item->name, "cpu_common"))
		give_fields(device, item->name, bytes, len, guest_take_halted, vcpu);
	else if (vcpu->registers)
		take_registers(guest, item, device, bytes, len, vcpu);
	return 0;
}

/*
 * QEMU writes a section once. One that comes again is passed over: to go through a long
 * description for each of many small sections would take no end.
 */
static bool said_again(struct hpt_guest *guest, const struct hpt_qemu_item *item,
		       struct guest_device *device)
{
	char name[GUEST_PRINT_ROOM];
	bool again = device && device->taken;

	if (again)
		guest_warn(guest,
			   "offset %llu: section \"%.60s\" instance %u comes again, and is "
			   "passed over",
			   (unsigned long long)item->offset, guest_printable(name, item->name),
			   item->instance_id);
	if (device)
		device->taken = true;
	return again;
}

/*
 * Called for each section of device state. The description is looked for at the first one: a
 * source that is only read up to its table never pays for it.
 */
int guest_section(void *arg, struct hpt_qemu *q, const struct hpt_qemu_item *item,
		  uint64_t *length, struct hpt_error *err)
{
	struct hpt_guest *guest = arg;
	struct guest_device *device;
	const unsigned char *bytes;
	const void *rest;
	uint64_t offset, skip;
	size_t len;
	int r;

	r = hpt_qemu_rest(q, GUEST_REST_MAX, &rest, &len, &offset, err);
	if (!r && !guest->description.looked_for)
		r = guest_description_find(&guest->description, rest, len, err);
	if (r)
		return r;
	device = guest_description_device(&guest->description, item->name, item->instance_id);
	skip = item->payload - offset < len ? item->payload - offset : len;
	bytes = (const unsigned char *)rest + skip;
	len -= (size_t)skip;
	r = find_length(guest, item, device, bytes, len, length, err);
	if (!r && *length <= len && !said_again(guest, item, device))
		r = take_section(guest, item, device, bytes, (size_t)*length, err);
	return r;
}
