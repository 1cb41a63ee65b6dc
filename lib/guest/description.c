/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * QEMU's description of the device state: JSON behind the end of the stream. The length of
 * each section's payload is taken from it here, and fields in fields.c. What QEMU writes is
 * not always sound (members that occur twice, element descriptions that miss some elements):
 * the sizes of the outermost fields are, and the section's footer says whether the sum is
 * right.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_JANSSON
#include <jansson.h>
#endif

#include "internal.h"

#define TYPE_EOF 0x00
#define TYPE_DESCRIPTION 0x06
#define JSON_HEADER 5 /* type and length */
/* A parsed text needs many times its size; real ones are a few hundred KiB. */
#define JSON_MAX ((size_t)16 << 20)
/* Subsections within subsections: real ones have two levels. */
#define LEVELS_MAX 16
/* Of a subsection in the stream: type, length of its name, version. */
#define SUBSECTION_HEADER 6

#define WHY(description, text) \
	snprintf((description)->why, sizeof((description)->why), "%s", text)

#ifdef HAVE_JANSSON
static bool add(uint64_t *sum, uint64_t more)
{
	*sum += more;
	return *sum >= more;
}

/* QEMU writes no negative numbers; a length made of one would wrap. */
static bool whole_number(const json_t *object, const char *key, uint64_t *out)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

/* Add a field: one element's size, times how many alike there are. */
static bool add_field(const json_t *field, uint64_t *sum)
{
	uint64_t size, n = 1;

	if (!whole_number(field, "size", &size))
		return false;
	if (json_object_get(field, "array_len") && !whole_number(field, "array_len", &n))
		return false;
	if (n && size > UINT64_MAX / n)
		return false;
	return add(sum, size * n);
}

/*
 * Add the fields and subsections of a device or subsection. An element's size includes what
 * is nested in it, so nothing below the outermost fields is looked at. A subsection of the
 * device itself is not part of any field.
 */
static bool add_members(const json_t *object, unsigned int level, uint64_t *sum)
{
	const json_t *list = json_object_get(object, "fields");
	const json_t *name, *one;
	size_t i;

	if (level > LEVELS_MAX || (list && !json_is_array(list)))
		return false;
	for (i = 0; i < json_array_size(list); i++)
		if (!add_field(json_array_get(list, i), sum))
			return false;
	list = json_object_get(object, "subsections");
	for (i = 0; i < json_array_size(list); i++) {
		one = json_array_get(list, i);
		name = json_object_get(one, "vmsd_name");
		if (!json_is_string(name) ||
		    !add(sum, SUBSECTION_HEADER + json_string_length(name)) ||
		    !add_members(one, level + 1, sum))
			return false;
	}
	return true;
}

static int compare_devices(const void *a, const void *b)
{
	const struct guest_device *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	if (order)
		return order;
	return (left->instance > right->instance) - (left->instance < right->instance);
}

/* Take a device; one that is not understood is left out. */
static void take_device(struct guest_description *description, const json_t *object)
{
	struct guest_device *device = &description->devices[description->n];
	const char *name = json_string_value(json_object_get(object, "name"));
	uint64_t instance;

	device->length = 0;
	if (!name || !whole_number(object, "instance_id", &instance) ||
	    instance > UINT32_MAX || !add_members(object, 0, &device->length))
		return;
	device->instance = (uint32_t)instance;
	device->taken = false;
	device->name = name;
	device->object = object;
	description->n++;
}

static int take_devices(struct guest_description *description, const json_t *root,
			struct hpt_error *err)
{
	const json_t *list = json_object_get(root, "devices");
	size_t i, n = json_array_size(list);

	if (!n) {
		WHY(description, "QEMU's description names no devices");
		return 0;
	}
	description->devices = calloc(n, sizeof(*description->devices));
	if (!description->devices)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for the description");
	for (i = 0; i < n; i++)
		take_device(description, json_array_get(list, i));
	if (description->n)
		qsort(description->devices, description->n, sizeof(*description->devices),
		      compare_devices);
	return 0;
}

static int parse(struct guest_description *description, const char *json, size_t len,
		 struct hpt_error *err)
{
	char text[GUEST_PRINT_ROOM];
	json_error_t error;
	json_t *root;

	/* Members that occur twice are allowed: the last one wins, and is not looked at. */
	root = json_loadb(json, len, 0, &error);
	if (!root) {
		snprintf(description->why, sizeof(description->why),
			 "QEMU's description cannot be parsed: %s at its byte %d",
			 guest_printable(text, error.text), error.position);
		return 0;
	}
	description->root = root;
	return take_devices(description, root, err);
}
#endif

static uint32_t load_be32(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

/*
 * The JSON is the last thing in the stream, behind the end's type byte, its own and its
 * length. Zeros may pad the file. Look from the end for a length that fits.
 */
static const unsigned char *find_json(const unsigned char *bytes, size_t len, size_t *json_len)
{
	size_t end = len, at;
	const unsigned char *header;

	while (end > 0 && !bytes[end - 1])
		end--;
	if (end < JSON_HEADER + 1)
		return NULL;
	for (at = end - JSON_HEADER; at > 0 && end - at <= JSON_MAX + JSON_HEADER; at--) {
		header = bytes + at;
		if (header[0] == TYPE_DESCRIPTION && header[-1] == TYPE_EOF &&
		    load_be32(header + 1) == end - at - JSON_HEADER) {
			*json_len = end - at - JSON_HEADER;
			return header + JSON_HEADER;
		}
	}
	return NULL;
}

int guest_description_find(struct guest_description *description, const unsigned char *bytes,
			   size_t len, struct hpt_error *err)
{
	const unsigned char *json;
	size_t json_len;

	description->looked_for = true;
	json = find_json(bytes, len, &json_len);
	if (!json) {
		WHY(description, "QEMU's description is not at the end of the file");
		return 0;
	}
#ifdef HAVE_JANSSON
	return parse(description, (const char *)json, json_len, err);
#else
	(void)err;
	WHY(description, "this build has no jansson to read QEMU's description");
	return 0;
#endif
}

/* By name and instance, as QEMU itself finds the handler of a section. */
struct guest_device *guest_description_device(const struct guest_description *description,
					      const char *name, uint32_t instance)
{
	size_t from = 0, to = description->n, middle;
	struct guest_device *device;
	int order;

	while (from < to) {
		middle = from + (to - from) / 2;
		device = &description->devices[middle];
		order = strcmp(name, device->name);
		if (!order && instance == device->instance)
			return device;
		if (order < 0 || (!order && instance < device->instance))
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}

void guest_description_close(struct guest_description *description)
{
	free(description->devices);
	description->devices = NULL;
	description->n = 0;
#ifdef HAVE_JANSSON
	json_decref(description->root);
	description->root = NULL;
#endif
}
