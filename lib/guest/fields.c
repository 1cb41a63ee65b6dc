/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The fields of a section of device state, as QEMU's description gives them: outermost
 * fields in order, then subsections, each with a header in the stream. Source: QEMU
 * docs/devel/migration and the format of migration/vmstate.c.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <string.h>
#ifdef HAVE_JANSSON
#include <jansson.h>
#endif

#include "internal.h"

#define FIELD_NAME_ROOM 64

uint64_t guest_load(const unsigned char *bytes, size_t size)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < size; i++)
		value = value << 8 | bytes[i];
	return value;
}

/*
 * "env.gpr" and, where QEMU made a name unique, "env.gpr[1]" are both "gpr". What stands in
 * the brackets is no index: arrays have a member for that.
 */
void guest_field_name(char *out, size_t room, const char *name)
{
	size_t len = strcspn(name, "["), i;

	for (i = len; i > 0 && name[i - 1] != '.'; i--)
		;
	name += i;
	len -= i;
	if (len > room - 1)
		len = room - 1;
	memcpy(out, name, len);
	out[len] = '\0';
}

#ifdef HAVE_JANSSON
#define SUBSECTION 0x05
#define SUBSECTION_HEADER 2  /* type, length of the name */
#define SUBSECTION_VERSION 4 /* behind the name */
#define LEVELS_MAX 16

struct walk {
	const unsigned char *bytes;
	size_t len;
	size_t at;
	guest_field_fn *fn;
	void *arg;
};

/* A number that is not negative and fits; @otherwise when there is none. */
static size_t number(const json_t *object, const char *key, size_t otherwise)
{
	const json_t *value = json_object_get(object, key);
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || (uint64_t)n > SIZE_MAX)
		return otherwise;
	return (size_t)n;
}

/* "array_len" is how many alike are described at once, "index" which one is described. */
static bool walk_field(struct walk *walk, const char *section, const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	char short_name[FIELD_NAME_ROOM];
	struct guest_field field = {
		.section = section,
		.name = short_name,
		.first = number(object, "index", 0),
		.n = number(object, "array_len", 1),
		.size = number(object, "size", SIZE_MAX),
		.bytes = walk->bytes + walk->at,
	};

	if (field.n && field.size > (walk->len - walk->at) / field.n)
		return false;
	walk->at += field.n * field.size;
	guest_field_name(short_name, sizeof(short_name), name ? name : "");
	if (field.n && field.size)
		walk->fn(walk->arg, &field);
	return true;
}

static bool at_header(const struct walk *walk, size_t at, const char *name, size_t len)
{
	const unsigned char *bytes = walk->bytes + at;

	return walk->len - at >= SUBSECTION_HEADER + len + SUBSECTION_VERSION &&
	       bytes[0] == SUBSECTION && bytes[1] == len &&
	       !memcmp(bytes + SUBSECTION_HEADER, name, len);
}

/*
 * Pass over a subsection's header. Where the sizes did not add up, as before QEMU 10.0 with
 * arrays of pointers, it is found by its bytes.
 */
static bool find_header(struct walk *walk, const char *name)
{
	size_t len = strlen(name), at;

	if (!len || len > UINT8_MAX)
		return false;
	for (at = walk->at; at < walk->len; at++) {
		if (!at_header(walk, at, name, len))
			continue;
		walk->at = at + SUBSECTION_HEADER + len + SUBSECTION_VERSION;
		return true;
	}
	return false;
}

static bool walk_members(struct walk *walk, const char *section, const json_t *object,
			 unsigned int level)
{
	const json_t *list = json_object_get(object, "fields"), *one;
	const char *name;
	size_t i;

	for (i = 0; i < json_array_size(list); i++)
		if (!walk_field(walk, section, json_array_get(list, i)))
			return false;
	list = json_object_get(object, "subsections");
	for (i = 0; i < json_array_size(list) && level < LEVELS_MAX; i++) {
		one = json_array_get(list, i);
		name = json_string_value(json_object_get(one, "vmsd_name"));
		if (!name || !find_header(walk, name) ||
		    !walk_members(walk, name, one, level + 1))
			return false;
	}
	return true;
}

bool guest_fields_described(const struct guest_device *device, const unsigned char *bytes,
			    size_t len, guest_field_fn *fn, void *arg)
{
	struct walk walk = { .bytes = bytes, .len = len, .fn = fn, .arg = arg };

	return walk_members(&walk, device->name, device->object, 0);
}
#else
bool guest_fields_described(const struct guest_device *device, const unsigned char *bytes,
			    size_t len, guest_field_fn *fn, void *arg)
{
	(void)device;
	(void)bytes;
	(void)len;
	(void)fn;
	(void)arg;
	return false;
}
#endif
