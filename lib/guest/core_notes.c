/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The notes of a core that is written: registers as Linux lays them out for ppc64, then ours
 * (doc/vmcore.md). Sources: Linux include/linux/elfcore.h, arch/powerpc/kernel/ptrace.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#ifdef HAVE_LIBELF
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

#define HEADER 12
#define ALIGN 4
#define PR_FPVALID 496
#define SPR_DSCR 17
#define SPR_TAR 815
#define SPR_PPR 896
#define KERNEL_VECTORS UINT64_C(0xc000000000004000)

static size_t aligned(size_t n)
{
	return (n + ALIGN - 1) / ALIGN * ALIGN;
}

static bool make_room(struct core_notes *notes, size_t more)
{
	size_t room = notes->room ? notes->room : 4096;
	unsigned char *bytes;

	while (room - notes->len < more)
		room *= 2;
	if (room == notes->room)
		return true;
	bytes = realloc(notes->bytes, room);
	if (!bytes)
		return false;
	notes->bytes = bytes;
	notes->room = room;
	return true;
}

unsigned char *core_add_note(struct core_notes *notes, const char *name, uint32_t type,
			     size_t len)
{
	size_t name_len = strlen(name) + 1;
	size_t all = HEADER + aligned(name_len) + aligned(len);
	unsigned char *to;

	if (!make_room(notes, all)) {
		notes->failed = true;
		return NULL;
	}
	to = notes->bytes + notes->len;
	memset(to, 0, all);
	core_put(to, 4, name_len, notes->little);
	core_put(to + 4, 4, len, notes->little);
	core_put(to + 8, 4, type, notes->little);
	memcpy(to + HEADER, name, name_len);
	notes->len += all;
	return to + HEADER + aligned(name_len);
}

/*
 * A CPU that stands at the beginning of an interrupt's vector has just taken that interrupt; of
 * others nothing says what was their last. In real mode the vectors begin at 0; relocated (LPCR
 * [AIL] 3) at 0xc000000000004000. Source: Power ISA 2.07 Book III-S 6.5.
 */
static uint64_t trap_of(const struct hpt_guest_vcpu *v)
{
	static const uint16_t vectors[] = { 0x100, 0x200, 0x300, 0x380, 0x400, 0x480, 0x500,
					    0x600, 0x700, 0x800, 0x900, 0x980, 0xa00, 0xc00,
					    0xd00, 0xe00, 0xe20, 0xe40, 0xe60, 0xe80, 0xea0,
					    0xf00, 0xf20, 0xf40, 0xf60, 0xf80 };
	uint64_t at = v->msr & HPT_MSR_IR ? v->nip - KERNEL_VECTORS : v->nip;
	size_t i;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		if (at == vectors[i])
			return at;
	return 0;
}

static void add_prstatus(struct core_notes *notes, const struct hpt_guest_vcpu *v)
{
	unsigned char *to = core_add_note(notes, "CORE", NT_PRSTATUS, CORE_PRSTATUS);
	uint64_t reg[CORE_REGS] = { 0 };
	size_t i;

	if (!to)
		return;
	memcpy(reg, v->gpr, sizeof(v->gpr));
	reg[CORE_REG_NIP] = v->nip;
	reg[CORE_REG_MSR] = v->msr;
	reg[CORE_REG_CTR] = v->ctr;
	reg[CORE_REG_LINK] = v->lr;
	reg[CORE_REG_XER] = v->xer;
	reg[CORE_REG_CCR] = v->cr;
	reg[CORE_REG_TRAP] = trap_of(v);
	reg[CORE_REG_DAR] = v->spr[CORE_SPR_DAR];
	reg[CORE_REG_DSISR] = v->spr[CORE_SPR_DSISR];
	/* Debuggers take 0 for no process. */
	core_put(to + CORE_PR_PID, 4, v->id + (uint64_t)1, notes->little);
	core_put(to + PR_FPVALID, 4, v->has & HPT_VCPU_HAS_FPU ? 1 : 0, notes->little);
	for (i = 0; i < CORE_REGS; i++)
		core_put(to + CORE_PR_REG + i * 8, 8, reg[i], notes->little);
}

static void add_fpu(struct core_notes *notes, const struct hpt_guest_vcpu *v)
{
	unsigned char *to = core_add_note(notes, "CORE", NT_FPREGSET, CORE_FPREGS);
	size_t i;

	for (i = 0; to && i < 32; i++)
		core_put(to + i * 8, 8, v->fpr[i], notes->little);
	if (to)
		core_put(to + (size_t)32 * 8, 8, v->fpscr, notes->little);
}

static void add_vectors(struct core_notes *notes, const struct hpt_guest_vcpu *v)
{
	unsigned char *to = core_add_note(notes, "LINUX", NT_PPC_VMX, CORE_VMX);
	size_t i, high = notes->little ? 8 : 0;

	for (i = 0; to && i < 32; i++) {
		core_put(to + i * 16 + high, 8, v->vr[i].high, notes->little);
		core_put(to + i * 16 + (8 - high), 8, v->vr[i].low, notes->little);
	}
	if (!to)
		return;
	core_put(to + (size_t)32 * 16 + (notes->little ? 0 : 12), 4, v->vscr, notes->little);
	core_put(to + (size_t)33 * 16, 4, v->spr[CORE_SPR_VRSAVE], notes->little);
}

static void add_vsx(struct core_notes *notes, const struct hpt_guest_vcpu *v)
{
	unsigned char *to = core_add_note(notes, "LINUX", NT_PPC_VSX, CORE_VSX);
	size_t i;

	for (i = 0; to && i < 32; i++)
		core_put(to + i * 8, 8, v->vsx_low[i], notes->little);
}

static void add_word(struct core_notes *notes, uint32_t type, uint64_t value)
{
	unsigned char *to = core_add_note(notes, "LINUX", type, 8);

	if (to)
		core_put(to, 8, value, notes->little);
}

/* Up to the last that is not empty, so that slots keep their numbers. */
static size_t slots(const struct hpt_guest_vcpu *v)
{
	size_t n = HPT_SLB_MAX;

	while (n && !v->slb[n - 1].esid && !v->slb[n - 1].vsid)
		n--;
	return n;
}

static size_t count_sprs(const struct hpt_guest_vcpu *v)
{
	size_t i, n = 0;

	for (i = 0; i < CORE_SPRS; i++)
		n += v->spr[i] != 0;
	return n;
}

static void put_tail(unsigned char *to, const struct hpt_guest_vcpu *v, size_t slb, size_t sr,
		     bool little)
{
	size_t i;

	for (i = 0; i < sr; i++, to += 4)
		core_put(to, 4, v->sr[i], little);
	for (i = 0; i < slb; i++, to += 16) {
		core_put(to, 8, v->slb[i].esid, little);
		core_put(to + 8, 8, v->slb[i].vsid, little);
	}
	for (i = 0; i < CORE_SPRS; i++) {
		if (!v->spr[i])
			continue;
		core_put(to, 8, i, little);
		core_put(to + 8, 8, v->spr[i], little);
		to += 16;
	}
}

static void add_own_vcpu(struct core_notes *notes, const struct hpt_guest_vcpu *v)
{
	size_t slb = slots(v), spr = count_sprs(v);
	size_t sr = v->has & HPT_VCPU_HAS_SR ? 16 : 0;
	bool little = notes->little;
	unsigned char *to = core_add_note(notes, CORE_OWN_NAME, HPT_CORE_NOTE_VCPU,
					  CORE_VCPU_FIXED + sr * 4 + (slb + spr) * 16);

	if (!to)
		return;
	core_put(to, 4, v->id, little);
	core_put(to + 4, 4, v->has, little);
	core_put(to + 8, 4,
		 (v->halted ? CORE_VCPU_HALTED : 0) | (v->built_in ? CORE_VCPU_BUILT_IN : 0),
		 little);
	core_put(to + 12, 4, v->compat_pvr, little);
	core_put(to + 16, 8, v->slb_shadow_ra, little);
	core_put(to + 24, 8, v->slb_shadow_bytes, little);
	core_put(to + 32, 4, slb, little);
	core_put(to + 36, 4, sr, little);
	core_put(to + 40, 4, spr, little);
	put_tail(to + CORE_VCPU_FIXED, v, slb, sr, little);
}

static void add_vcpu(struct core_notes *notes, const struct hpt_guest_vcpu *v)
{
	add_prstatus(notes, v);
	if (v->has & HPT_VCPU_HAS_FPU)
		add_fpu(notes, v);
	if (v->has & HPT_VCPU_HAS_ALTIVEC)
		add_vectors(notes, v);
	if (v->has & HPT_VCPU_HAS_VSX) {
		add_vsx(notes, v);
		add_word(notes, NT_PPC_TAR, v->spr[SPR_TAR]);
		add_word(notes, NT_PPC_PPR, v->spr[SPR_PPR]);
		add_word(notes, NT_PPC_DSCR, v->spr[SPR_DSCR]);
	}
	add_own_vcpu(notes, v);
}

static int no_memory(struct hpt_error *err)
{
	return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a core's notes");
}

int core_add_vcpus(struct hpt_guest *guest, struct core_notes *notes, struct hpt_error *err)
{
	const struct guest_vcpu *vcpu;
	size_t i;

	for (i = 0; i < guest->state.n_vcpus; i++) {
		vcpu = &guest->state.vcpus[i];
		if (!vcpu->bad && vcpu->registers)
			add_vcpu(notes, vcpu->registers);
	}
	return notes->failed ? no_memory(err) : 0;
}

static void add_text(struct core_notes *notes, uint32_t type, uint64_t value, size_t before,
		     const char *text)
{
	unsigned char *to =
		core_add_note(notes, CORE_OWN_NAME, type, before + strlen(text) + 1);

	if (!to)
		return;
	core_put(to, before, value, notes->little);
	memcpy(to + before, text, strlen(text) + 1);
}

static void add_blocks(const struct hpt_guest *guest, struct core_notes *notes)
{
	struct hpt_guest_block block = { .size = sizeof(block) };
	size_t i;

	for (i = 0; !hpt_guest_block(guest, i, &block, NULL); i++)
		add_text(notes, HPT_CORE_NOTE_BLOCK, block.length, 8, block.name);
}

static void add_regions(const struct hpt_guest *guest, struct core_notes *notes)
{
	const struct guest_state *state = &guest->state;
	unsigned char *to = core_add_note(notes, CORE_OWN_NAME, HPT_CORE_NOTE_REGION,
					  state->n_regions * CORE_REGION_BYTES);
	size_t i;

	for (i = 0; to && i < state->n_regions; i++, to += CORE_REGION_BYTES) {
		core_put(to, 8, state->regions[i].ra, notes->little);
		core_put(to + 8, 8, state->regions[i].length, notes->little);
		core_put(to + 16, 8, state->regions[i].offset, notes->little);
		core_put(to + 24, 4, state->regions[i].block, notes->little);
	}
}

static void add_tree(const struct guest_state *state, struct core_notes *notes)
{
	unsigned char *to;

	if (!state->tree)
		return;
	to = core_add_note(notes, CORE_OWN_NAME, HPT_CORE_NOTE_TREE, state->machine.tree_len);
	if (to)
		memcpy(to, state->tree, state->machine.tree_len);
}

static void add_guest(const struct hpt_guest *guest, struct core_notes *notes,
		      const struct hpt_guest_info *info, uint32_t order, const char *no_table)
{
	const struct hpt_guest_machine *machine = &guest->state.machine;
	const char *words[] = { info->machine, info->run_state, no_table };
	bool little = notes->little;
	size_t len = CORE_GUEST_FIXED, i;
	unsigned char *to;

	for (i = 0; i < 3; i++)
		len += strlen(words[i]) + 1;
	to = core_add_note(notes, CORE_OWN_NAME, HPT_CORE_NOTE_GUEST, len);
	if (!to)
		return;
	core_put(to, 4, HPT_CORE_NOTE_VERSION, little);
	core_put(to + 4, 4, guest_is_bare(guest) ? CORE_GUEST_BARE : 0, little);
	core_put(to + 8, 4, info->mmu, little);
	core_put(to + 12, 4, order, little);
	core_put(to + 16, 4, machine->has & HPT_GUEST_HAS_PROCESS_TABLE, little);
	core_put(to + 20, 4, machine->max_page_shift, little);
	core_put(to + 32, 8, machine->process_table, little);
	core_put(to + 40, 8, info->rounds, little);
	core_put(to + 48, 8, info->chunks, little);
	to += CORE_GUEST_FIXED;
	for (i = 0; i < 3; i++) {
		memcpy(to, words[i], strlen(words[i]) + 1);
		to += strlen(words[i]) + 1;
	}
}

int core_add_own(struct hpt_guest *guest, struct core_notes *notes, uint32_t order,
		 const char *no_table, struct hpt_error *err)
{
	struct hpt_guest_info info = { .size = sizeof(info) };
	int r = hpt_guest_info(guest, &info, err);
	size_t i;

	if (r)
		return r;
	add_guest(guest, notes, &info, order, no_table);
	add_blocks(guest, notes);
	add_regions(guest, notes);
	add_tree(&guest->state, notes);
	for (i = 0; hpt_guest_warning(guest, i); i++)
		add_text(notes, HPT_CORE_NOTE_REMARK, 0, 0, hpt_guest_warning(guest, i));
	return notes->failed ? no_memory(err) : 0;
}
#endif
