/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A vCPU of the sections "cpu_common", "cpu" and "spapr_cpu". Source: the format of QEMU's
 * target/ppc/machine.c and hw/ppc/spapr_cpu_core.c.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define SPR_XER 1
#define SPR_LR 8
#define SPR_CTR 9
#define VCPUS_FIRST 8
/*
 * Bytes of a "cpu" section that registers are kept for: a hostile file of many sections that
 * hold next to nothing must not become many times its size.
 */
#define CPU_BYTES_MIN 1024

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool guest_is_cpu(const char *name)
{
	return !strcmp(name, "cpu") || !strcmp(name, "cpu_common") ||
	       !strcmp(name, "spapr_cpu");
}

/* Where the vCPU is, or would have to be. */
static size_t place_of(const struct guest_state *state, uint32_t id)
{
	size_t from = 0, to = state->n_vcpus, middle;

	while (from < to) {
		middle = from + (to - from) / 2;
		if (state->vcpus[middle].id < id)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static int no_memory(struct hpt_error *err)
{
	return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a vCPU");
}

static int add_vcpu(struct guest_state *state, size_t at, uint32_t id, struct hpt_error *err)
{
	size_t room = state->vcpus_room ? state->vcpus_room * 2 : VCPUS_FIRST;
	struct guest_vcpu *vcpus = state->vcpus;

	if (state->n_vcpus == state->vcpus_room) {
		vcpus = realloc(vcpus, room * sizeof(*vcpus));
		if (!vcpus)
			return no_memory(err);
		state->vcpus = vcpus;
		state->vcpus_room = room;
	}
	memmove(vcpus + at + 1, vcpus + at, (state->n_vcpus - at) * sizeof(*vcpus));
	memset(vcpus + at, 0, sizeof(*vcpus));
	vcpus[at].id = id;
	state->n_vcpus++;
	return 0;
}

/*
 * The vCPU that a section is of, made if it is new; its halted state comes before its
 * registers. *@out stays NULL beyond GUEST_VCPUS_MAX.
 */
int guest_take_cpu(struct guest_state *state, const char *name, uint32_t id, size_t len,
		   struct guest_vcpu **out, struct hpt_error *err)
{
	size_t at = place_of(state, id);
	struct guest_vcpu *vcpu;
	int r;

	if (at == state->n_vcpus || state->vcpus[at].id != id) {
		if (state->n_vcpus == GUEST_VCPUS_MAX)
			return 0;
		r = add_vcpu(state, at, id, err);
		if (r)
			return r;
	}
	vcpu = &state->vcpus[at];
	*out = vcpu;
	if (strcmp(name, "cpu"))
		return 0;
	vcpu->listed = true;
	vcpu->bad = len < CPU_BYTES_MIN;
	if (vcpu->registers || vcpu->bad)
		return 0;
	vcpu->registers = calloc(1, sizeof(*vcpu->registers));
	if (!vcpu->registers)
		return no_memory(err);
	vcpu->registers->size = sizeof(*vcpu->registers);
	vcpu->registers->id = id;
	return 0;
}

/* Elements into numbers, each of its own size; what has no place is left out. */
static void store(uint64_t *to, size_t room, const struct guest_field *field)
{
	size_t i;

	if (field->size > sizeof(*to))
		return;
	for (i = 0; i < field->n && field->first < room && i < room - field->first; i++)
		to[field->first + i] = guest_load(field->bytes + i * field->size, field->size);
}

static void store_32(uint32_t *to, const struct guest_field *field)
{
	if (field->size <= sizeof(*to))
		*to = (uint32_t)guest_load(field->bytes, field->size);
}

static void store_sr(struct hpt_guest_vcpu *v, const struct guest_field *field)
{
	uint64_t sr[COUNT(v->sr)];
	size_t i;

	for (i = 0; i < COUNT(v->sr); i++)
		sr[i] = v->sr[i];
	store(sr, COUNT(sr), field);
	for (i = 0; i < COUNT(v->sr); i++)
		v->sr[i] = (uint32_t)sr[i];
	v->has |= HPT_VCPU_HAS_SR;
}

/* Elements of two doublewords, into structures of two. */
static void store_pairs(void *to, size_t room, const struct guest_field *field)
{
	unsigned char *pair = to;
	uint64_t words[2];
	size_t i;

	if (field->size != sizeof(words) || field->first >= room)
		return;
	pair += field->first * sizeof(words);
	for (i = 0; i < field->n && i < room - field->first; i++) {
		words[0] = guest_load(field->bytes + i * 16, 8);
		words[1] = guest_load(field->bytes + i * 16 + 8, 8);
		memcpy(pair + i * sizeof(words), words, sizeof(words));
	}
}

/* Eight fields of four bits, each in a word of its own; possibly described one by one. */
static void store_cr(struct hpt_guest_vcpu *v, const struct guest_field *field)
{
	uint64_t crf[8];
	size_t i;

	for (i = 0; i < COUNT(crf); i++)
		crf[i] = v->cr >> (28 - 4 * i) & 0xf;
	store(crf, COUNT(crf), field);
	v->cr = 0;
	for (i = 0; i < COUNT(crf); i++)
		v->cr |= (uint32_t)(crf[i] & 0xf) << (28 - 4 * i);
}

/* LR, CTR and XER are saved as what they are to mfspr. */
static void store_spr(struct hpt_guest_vcpu *v, const struct guest_field *field)
{
	store(v->spr, COUNT(v->spr), field);
	v->xer = v->spr[SPR_XER];
	v->lr = v->spr[SPR_LR];
	v->ctr = v->spr[SPR_CTR];
}

static void take_core(struct hpt_guest_vcpu *v, const struct guest_field *field)
{
	if (!strcmp(field->name, "gpr"))
		store(v->gpr, COUNT(v->gpr), field);
	else if (!strcmp(field->name, "crf"))
		store_cr(v, field);
	else if (!strcmp(field->name, "nip"))
		store(&v->nip, 1, field);
	else if (!strcmp(field->name, "msr"))
		store(&v->msr, 1, field);
	else if (!strcmp(field->name, "spr"))
		store_spr(v, field);
}

/* QEMU 4.0 renamed "env.fpr" to "env.vsr", of which it is the higher half. */
static void take_fpu(struct hpt_guest_vcpu *v, const struct guest_field *field)
{
	if (!strcmp(field->name, "fpscr"))
		store(&v->fpscr, 1, field);
	else if (!strcmp(field->name, "fpr") || !strcmp(field->name, "vsr"))
		store(v->fpr, COUNT(v->fpr), field);
	v->has |= HPT_VCPU_HAS_FPU;
}

/*
 * QEMU writes the halves of a vector as they lie in its host's memory (put_avr()), each in
 * network order: from a little-endian host, as all of today's are, the lower one comes first.
 * The file does not say what host it was.
 */
static void store_vectors(struct hpt_guest_vcpu *v, const struct guest_field *field)
{
	uint64_t halves[COUNT(v->vr)][2];
	size_t i;

	for (i = 0; i < COUNT(v->vr); i++) {
		halves[i][0] = v->vr[i].low;
		halves[i][1] = v->vr[i].high;
	}
	store_pairs(halves, COUNT(v->vr), field);
	for (i = 0; i < COUNT(v->vr); i++) {
		v->vr[i].low = halves[i][0];
		v->vr[i].high = halves[i][1];
	}
}

static void take_altivec(struct hpt_guest_vcpu *v, const struct guest_field *field)
{
	if (!strcmp(field->name, "vscr"))
		store_32(&v->vscr, field);
	else if (!strcmp(field->name, "vsr") || !strcmp(field->name, "avr"))
		store_vectors(v, field);
	v->has |= HPT_VCPU_HAS_ALTIVEC;
}

static void take_vsx(struct hpt_guest_vcpu *v, const struct guest_field *field)
{
	if (!strcmp(field->name, "vsr"))
		store(v->vsx_low, COUNT(v->vsx_low), field);
	v->has |= HPT_VCPU_HAS_VSX;
}

/*
 * Slots are kept as they stand: a slot without V is what the guest left there. Before 3.0 QEMU
 * also saved their number, which says nothing of what follows.
 */
static void take_slb(struct hpt_guest_vcpu *v, const struct guest_field *field)
{
	if (!strcmp(field->name, "slb"))
		store_pairs(v->slb, COUNT(v->slb), field);
	v->has |= HPT_VCPU_HAS_SLB;
}

static void take_sr(struct hpt_guest_vcpu *v, const struct guest_field *field)
{
	if (!strcmp(field->name, "sr"))
		store_sr(v, field);
}

static void take_compat(struct hpt_guest_vcpu *v, const struct guest_field *field)
{
	if (!strcmp(field->name, "compat_pvr"))
		store_32(&v->compat_pvr, field);
}

static void take_shadow(struct hpt_guest_vcpu *v, const struct guest_field *field)
{
	if (!strcmp(field->name, "slb_shadow_addr"))
		store(&v->slb_shadow_ra, 1, field);
	else if (!strcmp(field->name, "slb_shadow_size"))
		store(&v->slb_shadow_bytes, 1, field);
	v->has |= HPT_VCPU_HAS_SHADOW;
}

/* Of "cpu_common", which comes before the registers. */
void guest_take_halted(void *arg, const struct guest_field *field)
{
	struct guest_vcpu *vcpu = arg;
	uint32_t halted = 0;

	if (strcmp(field->name, "halted"))
		return;
	store_32(&halted, field);
	vcpu->halted = halted != 0;
}

void guest_take_register(void *arg, const struct guest_field *field)
{
	static const struct {
		const char *section;
		void (*take)(struct hpt_guest_vcpu *v, const struct guest_field *field);
	} takers[] = {
		{ "cpu", take_core },
		{ "cpu/fpu", take_fpu },
		{ "cpu/altivec", take_altivec },
		{ "cpu/vsx", take_vsx },
		{ "cpu/slb", take_slb },
		{ "cpu/sr", take_sr },
		{ "cpu/compat", take_compat },
		{ "spapr_cpu/vpa/slb_shadow", take_shadow },
	};
	size_t i;

	for (i = 0; i < COUNT(takers); i++)
		if (!strcmp(field->section, takers[i].section))
			takers[i].take(arg, field);
}
