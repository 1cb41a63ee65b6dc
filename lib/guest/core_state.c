/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the notes of a core say: registers, in the notes that all cores have, and in ours what
 * those lack (doc/vmcore.md). Sources: Linux include/linux/elfcore.h, fs/binfmt_elf.c,
 * arch/powerpc/kernel/ptrace; QEMU target/ppc/arch_dump.c.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#ifdef HAVE_LIBELF
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

/* A vCPU's worth of a "cpu" section, for guest_take_cpu(). */
#define CPU_BYTES 1024
/* Registers that have notes of their own, which say by being there that they are known. */
#define HAS_NOTES (HPT_VCPU_HAS_FPU | HPT_VCPU_HAS_ALTIVEC | HPT_VCPU_HAS_VSX)

/* One note in memory, and what it is read with. */
struct taking {
	struct hpt_guest *guest;
	struct guest_core *core;
	const unsigned char *bytes;
	size_t len;
	uint64_t at;
	bool little;
};

static int wrong(const struct taking *taking, const char *what, struct hpt_error *err)
{
	return guest_fail_offset(err, HPT_ERR_FORMAT, taking->at,
				 "ELF core: offset %llu: %s of %zu bytes",
				 (unsigned long long)taking->at, what, taking->len);
}

static uint64_t word(const struct taking *taking, size_t at, size_t size)
{
	return core_get(taking->bytes + at, size, taking->little);
}

/* The vCPU that the notes are of now, or NULL. */
static struct guest_vcpu *vcpu_of(const struct taking *taking)
{
	struct guest_state *state = &taking->guest->state;

	if (!state->n_vcpus || !state->vcpus[state->n_vcpus - 1].registers)
		return NULL;
	return &state->vcpus[state->n_vcpus - 1];
}

static void take_registers(const struct taking *taking, struct hpt_guest_vcpu *v)
{
	size_t size = taking->core->elf.wide ? 8 : 4, i;
	size_t at = taking->core->elf.wide ? CORE_PR_REG : CORE_PR_REG_32;
	uint64_t reg[CORE_REGS];

	for (i = 0; i < CORE_REGS; i++)
		reg[i] = word(taking, at + i * size, size);
	memcpy(v->gpr, reg, sizeof(v->gpr));
	v->nip = reg[CORE_REG_NIP];
	v->msr = reg[CORE_REG_MSR];
	v->ctr = v->spr[CORE_SPR_CTR] = reg[CORE_REG_CTR];
	v->lr = v->spr[CORE_SPR_LR] = reg[CORE_REG_LINK];
	v->xer = v->spr[CORE_SPR_XER] = reg[CORE_REG_XER];
	v->cr = (uint32_t)reg[CORE_REG_CCR];
	v->spr[CORE_SPR_DAR] = reg[CORE_REG_DAR];
	v->spr[CORE_SPR_DSISR] = reg[CORE_REG_DSISR];
}

/* Begins a vCPU. Process numbers need not differ, so that the notes are counted. */
static int take_prstatus(const struct taking *taking, struct hpt_error *err)
{
	size_t least = taking->core->elf.wide ? CORE_PRSTATUS : CORE_PRSTATUS_32;
	struct guest_vcpu *vcpu = NULL;
	int r;

	if (taking->len < least)
		return wrong(taking, "a note NT_PRSTATUS", err);
	r = guest_take_cpu(&taking->guest->state, "cpu", taking->core->n_prstatus, CPU_BYTES,
			   &vcpu, err);
	if (r || !vcpu)
		return r;
	taking->core->n_prstatus++;
	take_registers(taking, vcpu->registers);
	return 0;
}

static void take_fpu(const struct taking *taking, struct hpt_guest_vcpu *v)
{
	size_t i;

	for (i = 0; i < 32; i++)
		v->fpr[i] = word(taking, i * 8, 8);
	v->fpscr = word(taking, (size_t)32 * 8, 8);
	v->has |= HPT_VCPU_HAS_FPU;
}

/*
 * Vectors in the file's order, as 128 bits. VSCR is the lowest word of one, as a store of it
 * leaves it; QEMU puts it highest in both orders.
 */
static void take_vectors(const struct taking *taking, struct hpt_guest_vcpu *v)
{
	size_t i, high = taking->little ? 8 : 0;
	uint64_t vscr = word(taking, (size_t)32 * 16 + 12, 4);

	for (i = 0; i < 32; i++) {
		v->vr[i].high = word(taking, i * 16 + high, 8);
		v->vr[i].low = word(taking, i * 16 + (8 - high), 8);
	}
	if (taking->little && !vscr)
		vscr = word(taking, (size_t)32 * 16, 4);
	v->vscr = (uint32_t)vscr;
	v->spr[CORE_SPR_VRSAVE] = word(taking, (size_t)33 * 16, 4);
	v->has |= HPT_VCPU_HAS_ALTIVEC;
}

static void take_vsx(const struct taking *taking, struct hpt_guest_vcpu *v)
{
	size_t i;

	for (i = 0; i < 32; i++)
		v->vsx_low[i] = word(taking, i * 8, 8);
	v->has |= HPT_VCPU_HAS_VSX;
}

/* Registers beyond those of NT_PRSTATUS: QEMU calls all of its notes CORE, Linux some LINUX. */
static void take_more(const struct taking *taking, uint32_t type)
{
	struct guest_vcpu *vcpu = vcpu_of(taking);

	if (!vcpu)
		return;
	if (type == NT_FPREGSET && taking->len >= CORE_FPREGS)
		take_fpu(taking, vcpu->registers);
	else if (type == NT_PPC_VMX && taking->len >= CORE_VMX)
		take_vectors(taking, vcpu->registers);
	else if (type == NT_PPC_VSX && taking->len >= CORE_VSX)
		take_vsx(taking, vcpu->registers);
}

/* A text behind @from that ends in the note; NULL: none does. */
static const char *text_in(const char *from, const char *end)
{
	const char *nul = memchr(from, 0, (size_t)(end - from));

	return nul ? nul + 1 : NULL;
}

static int take_words(const struct taking *taking, struct guest_core *core,
		      struct hpt_error *err)
{
	size_t len = taking->len - CORE_GUEST_FIXED;
	const char *end;

	free(core->words);
	core->words = malloc(len + 1);
	if (!core->words)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a note");
	memcpy(core->words, taking->bytes + CORE_GUEST_FIXED, len);
	core->words[len] = '\0';
	end = core->words + len;
	core->machine = core->words;
	core->run_state = text_in(core->machine, end);
	core->no_table = core->run_state ? text_in(core->run_state, end) : NULL;
	if (!core->no_table || !text_in(core->no_table, end))
		return wrong(taking, "a note of the guest without its words", err);
	return 0;
}

static int take_guest(const struct taking *taking, struct hpt_error *err)
{
	struct hpt_guest_machine *machine = &taking->guest->state.machine;
	struct guest_core *core = taking->core;

	if (taking->len < CORE_GUEST_FIXED)
		return wrong(taking, "a note of the guest", err);
	if (word(taking, 0, 4) != HPT_CORE_NOTE_VERSION)
		return guest_fail_offset(err, HPT_ERR_UNSUPPORTED, taking->at,
					 "ELF core: notes of version %u, expected %u",
					 (unsigned int)word(taking, 0, 4),
					 HPT_CORE_NOTE_VERSION);
	core->bare = word(taking, 4, 4) & CORE_GUEST_BARE;
	core->mmu = (uint32_t)word(taking, 8, 4);
	core->order = (uint32_t)word(taking, 12, 4);
	machine->has |= (uint32_t)word(taking, 16, 4) & HPT_GUEST_HAS_PROCESS_TABLE;
	machine->max_page_shift = (uint32_t)word(taking, 20, 4);
	machine->process_table = word(taking, 32, 8);
	core->rounds = word(taking, 40, 8);
	core->chunks = word(taking, 48, 8);
	if (core->mmu > HPT_GUEST_MMU_OWN)
		return wrong(taking, "an unknown MMU in a note of the guest", err);
	core->own = true;
	return take_words(taking, core, err);
}

/* Numbers and values; the lengths were checked. */
static void take_vcpu_tail(const struct taking *taking, struct hpt_guest_vcpu *v, size_t slb,
			   size_t sr, size_t spr)
{
	size_t at = CORE_VCPU_FIXED, i;
	uint64_t number;

	/* Those of which it says that there are none mean nothing. */
	for (i = 0; i < sr; i++, at += 4)
		v->sr[i] = v->has & HPT_VCPU_HAS_SR ? (uint32_t)word(taking, at, 4) : 0;
	for (i = 0; i < slb; i++, at += 16) {
		v->slb[i].esid = word(taking, at, 8);
		v->slb[i].vsid = word(taking, at + 8, 8);
	}
	memset(v->spr, 0, sizeof(v->spr));
	for (i = 0; i < spr; i++, at += 16) {
		number = word(taking, at, 8);
		if (number < CORE_SPRS)
			v->spr[number] = word(taking, at + 8, 8);
	}
}

static int take_vcpu(const struct taking *taking, struct hpt_error *err)
{
	struct guest_vcpu *vcpu = vcpu_of(taking);
	struct hpt_guest_vcpu *v = vcpu ? vcpu->registers : NULL;
	size_t slb, sr, spr;

	if (!v || taking->len < CORE_VCPU_FIXED)
		return wrong(taking, "a note of a vCPU", err);
	slb = (size_t)word(taking, 32, 4);
	sr = (size_t)word(taking, 36, 4);
	spr = (size_t)word(taking, 40, 4);
	if (slb > HPT_SLB_MAX || sr > 16 || spr > CORE_SPRS ||
	    taking->len < CORE_VCPU_FIXED + sr * 4 + (slb + spr) * 16)
		return wrong(taking, "counts that do not fit into a note of a vCPU", err);
	v->id = (uint32_t)word(taking, 0, 4);
	v->has = (v->has & HAS_NOTES) | ((uint32_t)word(taking, 4, 4) & ~HAS_NOTES);
	vcpu->halted = word(taking, 8, 4) & CORE_VCPU_HALTED;
	v->built_in = word(taking, 8, 4) & CORE_VCPU_BUILT_IN;
	v->compat_pvr = (uint32_t)word(taking, 12, 4);
	v->slb_shadow_ra = word(taking, 16, 8);
	v->slb_shadow_bytes = word(taking, 24, 8);
	take_vcpu_tail(taking, v, slb, sr, spr);
	return 0;
}

static int more_blocks(struct guest_core *core, struct hpt_error *err)
{
	size_t room = core->blocks_room ? core->blocks_room * 2 : 4;
	struct core_block *blocks = realloc(core->blocks, room * sizeof(*blocks));

	if (!blocks)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for blocks of RAM");
	core->blocks = blocks;
	core->blocks_room = room;
	return 0;
}

static int take_block(const struct taking *taking, struct hpt_error *err)
{
	struct guest_core *core = taking->core;
	char *name;
	int r = 0;

	if (taking->len < 9 || taking->bytes[taking->len - 1])
		return wrong(taking, "a note of a block of RAM", err);
	if (core->n_blocks == core->blocks_room)
		r = more_blocks(core, err);
	if (r)
		return r;
	name = strdup((const char *)taking->bytes + 8);
	if (!name)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a block's name");
	core->blocks[core->n_blocks++] = (struct core_block){ name, word(taking, 0, 8) };
	return 0;
}

/* Kept as it is: it is about segments, which are looked at when all notes are known. */
static int take_regions(const struct taking *taking, struct hpt_error *err)
{
	unsigned char *bytes = malloc(taking->len + 1);

	if (!bytes)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a note");
	memcpy(bytes, taking->bytes, taking->len);
	free(taking->core->regions);
	taking->core->regions = bytes;
	taking->core->n_regions = taking->len / CORE_REGION_BYTES;
	return 0;
}

static int take_tree(const struct taking *taking, struct hpt_error *err)
{
	struct guest_state *state = &taking->guest->state;

	if (taking->len > GUEST_TREE_MAX)
		return wrong(taking, "a note of a device tree", err);
	free(state->tree);
	state->tree = malloc(taking->len + 1);
	state->machine.tree_len = 0;
	if (!state->tree)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a device tree");
	memcpy(state->tree, taking->bytes, taking->len);
	state->machine.tree_len = taking->len;
	return 0;
}

static int take_remark(const struct taking *taking, struct hpt_error *err)
{
	char line[HPT_ERROR_TEXT];
	size_t i;

	if (!taking->len || taking->bytes[taking->len - 1])
		return wrong(taking, "a note of a remark", err);
	for (i = 0; i + 1 < sizeof(line) && taking->bytes[i]; i++)
		line[i] = taking->bytes[i] >= 0x20 && taking->bytes[i] < 0x7f
				  ? (char)taking->bytes[i]
				  : '?';
	line[i] = '\0';
	guest_warn(taking->guest, "%s", line);
	return 0;
}

static int take_own(const struct taking *taking, uint32_t type, struct hpt_error *err)
{
	switch (type) {
	case HPT_CORE_NOTE_GUEST:
		return take_guest(taking, err);
	case HPT_CORE_NOTE_VCPU:
		return take_vcpu(taking, err);
	case HPT_CORE_NOTE_BLOCK:
		return take_block(taking, err);
	case HPT_CORE_NOTE_REGION:
		return take_regions(taking, err);
	case HPT_CORE_NOTE_TREE:
		return take_tree(taking, err);
	case HPT_CORE_NOTE_REMARK:
		return take_remark(taking, err);
	default:
		return 0; /* of a later version that kept to this one */
	}
}

static int take_bytes(const struct taking *taking, const struct core_note *note,
		      struct hpt_error *err)
{
	if (!strcmp(note->name, CORE_OWN_NAME))
		return take_own(taking, note->type, err);
	if (!strcmp(note->name, "CORE") && note->type == NT_PRSTATUS)
		return take_prstatus(taking, err);
	take_more(taking, note->type);
	return 0;
}

int core_take_note(struct hpt_guest *guest, const struct core_note *note,
		   struct hpt_error *err)
{
	bool own = !strcmp(note->name, CORE_OWN_NAME);
	unsigned char *bytes;
	struct taking taking;
	int r;

	if (!own && strcmp(note->name, "CORE") && strcmp(note->name, "LINUX"))
		return 0;
	if (note->len > CORE_NOTE_MAX)
		return 0;
	bytes = malloc(note->len + (size_t)1);
	if (!bytes)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a note");
	taking = (struct taking){ guest,     guest->core, bytes,
				  note->len, note->at,    guest->core->elf.little };
	r = core_read_at(guest, note->at, bytes, note->len, err);
	if (!r)
		r = take_bytes(&taking, note, err);
	free(bytes);
	return r;
}
#endif
