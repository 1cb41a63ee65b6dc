/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Device state, by the library's own parts: the description (JSON), a section by it and by the
 * layouts that are built in, and the device tree.
 *
 * Input: kind; length of the section (2 bytes); the section; then the JSON. Or, for the tree:
 * kind; the tree.
 */
#ifdef HAVE_JANSSON
#include <jansson.h>
#endif

#include "../../lib/guest/internal.h"
#include "fuzz.h"

/* A section in memory, and what may lie in it. */
struct section {
	const uint8_t *bytes;
	size_t len;
	uint64_t sum;
};

static void check_field(void *arg, const struct guest_field *field)
{
	struct section *section = arg;

	CHECK(field->n && field->size, "a field of nothing");
	CHECK(field->bytes >= section->bytes && field->bytes <= section->bytes + section->len,
	      "a field outside its section");
	CHECK(field->n <= (size_t)(section->bytes + section->len - field->bytes) / field->size,
	      "a field beyond its section");
	mix_bytes(&section->sum, field->section, strlen(field->section));
	mix_bytes(&section->sum, field->name, strlen(field->name));
	mix_bytes(&section->sum, field->bytes, field->n * field->size);
}

static const char *const names[] = { "cpu", "cpu_common", "spapr", "spapr_cpu",
				     "globalstate" };

/* All fields twice: that they lie in the section, and into where they belong. */
static void take_fields(const struct guest_device *device, const char *name,
			const struct input *bytes)
{
	struct section section = { bytes->data, bytes->len, 0 };
	struct guest_state state = { 0 };
	struct hpt_guest_vcpu *vcpu = calloc(1, sizeof(*vcpu));
	guest_field_fn *fn[] = { check_field, guest_take_register, guest_take_machine };
	void *arg[] = { &section, vcpu, &state };

	CHECK(vcpu, "no memory");
	for (size_t i = 0; i < COUNT(fn); i++) {
		if (device)
			guest_fields_described(device, bytes->data, bytes->len, fn[i], arg[i]);
		else
			guest_fields_built_in(name, bytes->data, bytes->len, fn[i], arg[i]);
	}
	if (state.tree)
		guest_tree_read(&state);
	guest_state_close(&state);
	free(vcpu);
}

/* The JSON as it stands at the end of a stream. */
static uint8_t *behind_end(const struct input *json, size_t *len)
{
	uint8_t *bytes = malloc(json->len + 7);

	CHECK(bytes, "no memory");
	bytes[0] = 0x7e;
	bytes[1] = 0;
	bytes[2] = 6;
	for (unsigned i = 0; i < 4; i++)
		bytes[3 + i] = (uint8_t)(json->len >> (24 - 8 * i));
	if (json->len)
		memcpy(bytes + 7, json->data, json->len);
	*len = json->len + 7;
	return bytes;
}

static void see_description(const struct input *section, const struct input *json)
{
	struct guest_description d = { 0 };
	struct hpt_error err;
	size_t len;
	uint8_t *bytes = behind_end(json, &len);
	int ret = guest_description_find(&d, bytes, len, &err);

	CHECK(!ret, "%s", err.text);
	CHECK(d.n || *d.why || d.devices, "no devices, and nothing is said of why");
	for (size_t i = 0; i < d.n; i++) {
		const struct guest_device *found =
			guest_description_device(&d, d.devices[i].name, d.devices[i].instance);

		CHECK(found && !strcmp(found->name, d.devices[i].name),
		      "a device is not found");
		if (i < 8)
			take_fields(&d.devices[i], NULL, section);
	}
	guest_description_close(&d);
	free(bytes);
}

static void see_tree(const struct input *tree)
{
	struct guest_state state = { 0 };
	const char *why;

	state.tree = malloc(tree->len ? tree->len : 1);
	CHECK(state.tree, "no memory");
	if (tree->len)
		memcpy(state.tree, tree->data, tree->len);
	state.machine.tree_len = tree->len;
	why = guest_tree_read(&state);
	if (!why)
		for (size_t i = 0; i < state.n_pieces; i++)
			CHECK(state.pieces[i].length &&
				      state.pieces[i].length <=
					      UINT64_MAX - state.pieces[i].ra,
			      "a piece wraps");
	guest_state_close(&state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len }, section;
	uint64_t kind = take(&in, 1);

#ifdef HAVE_JANSSON
	json_set_alloc_funcs(malloc, free);
#endif
	memory_begin();
	if (kind % 4 == 3) {
		see_tree(&in);
	} else {
		section.len = (size_t)take(&in, 2);
		section.len = section.len < in.len ? section.len : in.len;
		section.data = in.data;
		in.data += section.len;
		in.len -= section.len;
		take_fields(NULL, names[kind / 4 % COUNT(names)], &section);
		see_description(&section, &in);
	}
	/* jansson's tables: the smallest object, {}, has eight buckets and what keeps them. */
	memory_end(len, 640, 1u << 18);
	return 0;
}
