/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_GUEST_CORE_H
#define HPT_GUEST_CORE_H

/* What the files about ELF cores share. */

#include <hpt/core.h>

#include "internal.h"

/*
 * The registers of ppc64 in NT_PRSTATUS, and where they begin. Source: Linux
 * include/linux/elfcore.h, arch/powerpc/include/uapi/asm/ptrace.h.
 */
#define CORE_PRSTATUS 504
#define CORE_PR_CURSIG 12
#define CORE_PR_PID 32
#define CORE_PR_REG 112
#define CORE_PRSTATUS_32 268
#define CORE_PR_REG_32 72
enum {
	CORE_REG_NIP = 32,
	CORE_REG_MSR = 33,
	CORE_REG_CTR = 35,
	CORE_REG_LINK = 36,
	CORE_REG_XER = 37,
	CORE_REG_CCR = 38,
	CORE_REG_TRAP = 40,
	CORE_REG_DAR = 41,
	CORE_REG_DSISR = 42,
	CORE_REGS = 44, /* that mean something, of 48 */
};
#define CORE_FPREGS ((size_t)33 * 8)
#define CORE_VMX ((size_t)34 * 16)
#define CORE_VSX ((size_t)32 * 8)

/* Special purpose registers: Power ISA Book III, mtspr. */
#define CORE_SPR_XER 1
#define CORE_SPR_LR 8
#define CORE_SPR_CTR 9
#define CORE_SPR_DSISR 18
#define CORE_SPR_DAR 19
#define CORE_SPR_VRSAVE 256
#define CORE_SPRS 1024

#define CORE_OWN_NAME "LIBHPT"
/* Our notes: see doc/vmcore.md. The fixed parts, and what of each kind follows. */
#define CORE_GUEST_FIXED 64
#define CORE_VCPU_FIXED 48
#define CORE_REGION_BYTES 32
#define CORE_VCPU_HALTED 1u
#define CORE_VCPU_BUILT_IN 2u
#define CORE_GUEST_BARE 1u

/* Most of one note that is taken into memory. */
#define CORE_NOTE_MAX ((size_t)4 << 20)

/* A program header, of either class. */
struct core_segment {
	uint32_t type;
	uint64_t at; /* in the file */
	uint64_t vaddr;
	uint64_t ra;
	uint64_t filesz;
	uint64_t memsz;
};

/* What the header of the file says. */
struct core_elf {
	bool little;
	bool wide; /* of 64 bits */
	uint64_t phoff;
	size_t entsize;
	size_t n;
	uint64_t size; /* of the file */
};

struct core_note {
	uint32_t type;
	char name[16]; /* a longer one is none that is known here, and "" */
	uint64_t at;   /* of what it says, in the file */
	uint32_t len;
	uint64_t next;
};

struct core_block {
	char *name; /* NULL: the core does not name it */
	uint64_t length;
};

/* A core as a source. */
struct guest_core {
	struct core_elf elf;
	bool own; /* our notes are in it */
	bool bare;
	uint32_t mmu;
	uint32_t order;
	uint64_t rounds;
	uint64_t chunks;
	char *words; /* of the note: */
	const char *machine;
	const char *run_state;
	const char *no_table;
	struct core_block *blocks;
	size_t n_blocks;
	size_t blocks_room;
	unsigned char *regions; /* a note of ours */
	size_t n_regions;
	uint64_t *at; /* in the file, of each of guest_state::regions */
	uint64_t table_at;
	uint64_t table_bytes;
	uint32_t n_prstatus;
	uint64_t noted; /* bytes of notes that were gone through */
};

/* core_elf.c: numbers of the file's order, and the ELF structures */
uint64_t core_get(const unsigned char *from, size_t size, bool little);
void core_put(unsigned char *to, size_t size, uint64_t value, bool little);
int core_read_at(const struct hpt_guest *guest, uint64_t at, void *bytes, size_t len,
		 struct hpt_error *err);
int core_elf_read(struct hpt_guest *guest, struct core_elf *elf, struct hpt_error *err);
int core_elf_segment(const struct hpt_guest *guest, const struct core_elf *elf, size_t i,
		     struct core_segment *segment, struct hpt_error *err);
int core_elf_note(const struct hpt_guest *guest, const struct core_elf *elf, uint64_t at,
		  uint64_t end, struct core_note *note, struct hpt_error *err);
/* The headers of a core of so many segments; @bytes has core_elf_bytes(n). */
size_t core_elf_bytes(size_t n);
int core_elf_make(const struct core_segment *segments, size_t n, bool little,
		  unsigned char *bytes, struct hpt_error *err);

/* core_state.c: what a note says */
int core_take_note(struct hpt_guest *guest, const struct core_note *note,
		   struct hpt_error *err);

/* core_notes.c: notes to be written */
struct core_notes {
	unsigned char *bytes;
	size_t len;
	size_t room;
	bool little;
	bool failed; /* there was no memory for one */
};

/* The place for what a note says, zeros; NULL: no memory. */
unsigned char *core_add_note(struct core_notes *notes, const char *name, uint32_t type,
			     size_t len);
int core_add_vcpus(struct hpt_guest *guest, struct core_notes *notes, struct hpt_error *err);
int core_add_own(struct hpt_guest *guest, struct core_notes *notes, uint32_t order,
		 const char *no_table, struct hpt_error *err);

/* core_plan.c: what lies where in a core that is to be written */
struct core_plan {
	struct core_segment *segments; /* notes, table if any, regions, mappings */
	size_t n;
	size_t room;
	struct core_notes notes;
	struct hpt_table *table; /* whose image is written, or NULL */
	uint64_t end;
};

int core_plan_make(struct hpt_guest *guest, const struct hpt_core_options *options,
		   struct core_plan *plan, struct hpt_error *err);
void core_plan_close(struct core_plan *plan);

#endif /* HPT_GUEST_CORE_H */
