/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The machine of section "spapr", and what follows of all device state together. Source: the
 * format of QEMU's hw/ppc/spapr.c and hw/ppc/spapr_caps.c.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define PATB_RADIX UINT64_C(0x8000000000000000)
#define SPR_PVR 287

/* The tree's bytes, aligned as libfdt wants them. Without memory for it there is no tree. */
static void take_tree(struct guest_state *state, const struct guest_field *field)
{
	size_t len = field->n * field->size;

	free(state->tree);
	state->tree = NULL;
	state->machine.tree_len = 0;
	if (len > GUEST_TREE_MAX)
		return;
	state->tree = malloc(len);
	if (!state->tree)
		return;
	memcpy(state->tree, field->bytes, len);
	state->machine.tree_len = len;
}

void guest_take_machine(void *arg, const struct guest_field *field)
{
	struct guest_state *state = arg;

	if (!strcmp(field->section, "spapr_patb_entry") && field->size == 8) {
		state->machine.process_table = guest_load(field->bytes, 8);
		if (state->machine.process_table)
			state->machine.has |= HPT_GUEST_HAS_PROCESS_TABLE;
	} else if (!strcmp(field->section, "spapr/cap/hpt_maxpagesize") && field->size == 1) {
		state->machine.max_page_shift = *field->bytes;
	} else if (!strcmp(field->section, "spapr_dtb") && !strcmp(field->name, "fdt_blob")) {
		take_tree(state, field);
	}
}

/* What of a base size its hypervisor allows; false when nothing is left. */
static bool cap_base(struct hpt_base_size *base, uint32_t max_shift)
{
	uint32_t i, n = 0;

	for (i = 0; i < base->n; i++)
		if (base->actual[i].shift <= max_shift)
			base->actual[n++] = base->actual[i];
	base->n = n;
	return n > 0;
}

static void cap_sizes(struct hpt_page_sizes *sizes, uint32_t max_shift)
{
	uint32_t i, n = 0;

	for (i = 0; i < sizes->n; i++)
		if (cap_base(&sizes->base[i], max_shift))
			sizes->base[n++] = sizes->base[i];
	if (n)
		sizes->n = n;
}

/* The processor of vCPU 0, or what stands for all. */
static enum hpt_processor processor_of(const struct guest_state *state)
{
	enum hpt_processor processor = HPT_CPU_POWER8;

	if (state->n_vcpus && state->vcpus[0].registers &&
	    hpt_processor_from_pvr((uint32_t)state->vcpus[0].registers->spr[SPR_PVR],
				   &processor, NULL))
		hpt_processor_from_pvr(state->vcpus[0].registers->compat_pvr, &processor,
				       NULL);
	return processor;
}

/*
 * A tree counts most: it has what QEMU's "cap-hpt-max-page-size" left. Without one that limit
 * is laid on what the processor could do.
 */
static void find_sizes(struct guest_state *state)
{
	if (state->machine.has & HPT_GUEST_HAS_PAGE_SIZES)
		return;
	state->sizes = *hpt_page_sizes_of(processor_of(state));
	if (state->machine.max_page_shift)
		cap_sizes(&state->sizes, state->machine.max_page_shift);
}

static int read_tree(struct hpt_guest *guest)
{
	struct guest_state *state = &guest->state;
	const char *why;

	if (!state->tree)
		return 0;
	why = guest_tree_read(state);
	if (why) {
		state->n_pieces = 0;
		/* Of a core it was said when that was made. */
		if (!guest->core)
			guest_warn(guest, "the device tree in the file is not used: %s", why);
		return 0;
	}
	state->machine.has |= HPT_GUEST_HAS_TREE;
	state->machine.tree = state->tree;
	return 0;
}

/* The domain's XML says where memory is when the guest's tree does not. */
static void read_xml(struct hpt_guest *guest)
{
	const char *why;

	if (!guest->container.xml || guest->state.n_pieces)
		return;
	why = guest_xml_read(guest);
	if (!why)
		return;
	guest->state.n_pieces = 0;
	guest_warn(guest, "the domain's XML in the file is not used: %s", why);
}

/* Do the places that say how the guest translates agree? */
static void cross_check(struct hpt_guest *guest)
{
	const struct hpt_guest_machine *machine = &guest->state.machine;
	struct hpt_qemu_info info = { .size = sizeof(info) };
	bool radix = machine->process_table & PATB_RADIX;

	if (hpt_qemu_info(guest->qemu, &info, NULL))
		return;
	if (radix && info.htab == HPT_QEMU_HTAB_WHOLE)
		guest_warn(guest,
			   "the machine says that the guest uses radix, and the file has a "
			   "hashed page table");
	if (machine->process_table && !radix && info.htab == HPT_QEMU_HTAB_NONE)
		guest_warn(guest,
			   "the guest registered a process table for hashed page tables, "
			   "and the file has no table");
	if (machine->boot_order && info.htab == HPT_QEMU_HTAB_WHOLE &&
	    machine->boot_order != info.order)
		guest_warn(guest,
			   "the table has order %u, the device tree says %u: the guest "
			   "resized it after boot, or the file is damaged",
			   info.order, machine->boot_order);
}

/* What has no section "cpu", only one of those around it, is no vCPU. */
static void finish_vcpus(struct guest_state *state)
{
	struct guest_vcpu *vcpu;
	size_t i, n = 0;

	for (i = 0; i < state->n_vcpus; i++) {
		vcpu = &state->vcpus[i];
		if (!vcpu->listed)
			continue;
		if (vcpu->registers)
			vcpu->registers->halted = vcpu->halted;
		state->vcpus[n++] = *vcpu;
	}
	state->n_vcpus = n;
}

int guest_state_finish(struct hpt_guest *guest, struct hpt_error *err)
{
	finish_vcpus(&guest->state);
	read_tree(guest);
	read_xml(guest);
	find_sizes(&guest->state);
	if (guest->core)
		return 0;
	cross_check(guest);
	return guest_map_make(guest, err);
}

void guest_state_close(struct guest_state *state)
{
	size_t i;

	for (i = 0; i < state->n_vcpus; i++)
		free(state->vcpus[i].registers);
	free(state->vcpus);
	free(state->tree);
	free(state->pieces);
	free(state->regions);
}

/* The error of then, with its place. */
static int not_read(const struct hpt_guest *guest, const char *what, struct hpt_error *err)
{
	char text[80];

	if (!err)
		return guest->state.failed;
	*err = guest->state.why;
	snprintf(text, sizeof(text), "%s: device state could not be read", what);
	hpt_error_prepend(err, text);
	return guest->state.failed;
}

int guest_state_check(const struct hpt_guest *guest, const char *what, struct hpt_error *err)
{
	if (!guest->qemu && !guest->core && !guest->kdump && !guest->state.failed)
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "%s: a source of kind %s has none, only "
				  "a saved guest",
				  what, hpt_source_kind_name(guest->kind));
	if (guest->state.read)
		return 0;
	if (guest->state.failed)
		return not_read(guest, what, err);
	return guest_fail(
		err, HPT_ERR_UNSUPPORTED,
		"%s: device state was not read, since this "
		"source can only be read forward (compressed, or a pipe): open it with "
		"HPT_GUEST_WHOLE, or with HPT_GUEST_MEMORY for its memory, too",
		what);
}

int hpt_guest_machine(const struct hpt_guest *guest, struct hpt_guest_machine *machine,
		      struct hpt_error *err)
{
	int r;

	if (!guest || !machine)
		return guest_fail(err, HPT_ERR_ARGUMENT, "hpt_guest_machine: a NULL");
	r = guest_state_check(guest, "machine state", err);
	return r ? r
		 : guest_result_out(machine, &guest->state.machine,
				    sizeof(guest->state.machine), "hpt_guest_machine", err);
}

const struct hpt_page_sizes *hpt_guest_page_sizes(const struct hpt_guest *guest)
{
	if (!guest || !guest->state.sizes.n)
		return hpt_page_sizes_of(HPT_CPU_POWER8);
	return &guest->state.sizes;
}
