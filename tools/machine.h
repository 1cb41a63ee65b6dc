/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_MACHINE_H
#define HPT_TOOL_MACHINE_H

#include "vcpu.h"

/* A source with a vCPU: what translating, explaining, reading and listing begin with. */

/* Whether addresses are translated. */
enum translation {
	TRANSLATION_DEFAULT = 0, /* on, or as MSR says where --access asks for that */
	TRANSLATION_ON,
	TRANSLATION_OFF,
};

/* What the options say of a vCPU and of an access. */
struct asking {
	struct common common;
	const char *registers;
	const char *slb;
	bool has_cpu;
	uint32_t cpu;
	bool has_processor;
	enum hpt_processor processor;
	bool use_linux;
	bool has_context;
	uint64_t context;
	uint32_t page_shift; /* of Linux, 0: find out */
	bool has_access;
	enum hpt_access access;
	uint32_t access_flags; /* HPT_XLATE_ANY or 0 */
	bool debug;
	enum translation translation;
};

#define CPU_OPTIONS                                                      \
	{ "cpu", required_argument, NULL, OPT_CPU },                     \
		{ "registers", required_argument, NULL, OPT_REGISTERS }, \
		{ "slb", required_argument, NULL, OPT_SLB },             \
	{                                                                \
		"processor", required_argument, NULL, OPT_PROCESSOR      \
	}

#define LINUX_OPTIONS                                                   \
	{ "linux", optional_argument, NULL, OPT_LINUX },                \
	{                                                               \
		"linux-pages", required_argument, NULL, OPT_LINUX_PAGES \
	}

#define ACCESS_OPTIONS                                                  \
	{ "access", required_argument, NULL, OPT_ACCESS },              \
		{ "debug", no_argument, NULL, OPT_DEBUG },              \
	{                                                               \
		"translation", required_argument, NULL, OPT_TRANSLATION \
	}

#define CPU_HELP                                                                            \
	"Whose eyes:\n"                                                                     \
	"      --cpu N           the vCPU; the first if nothing is said\n"                  \
	"      --registers FILE  its registers: what QEMU's 'info registers' prints\n"      \
	"      --slb FILE        its SLB: what QEMU's 'info tlb' prints\n"                  \
	"      --processor NAME  rules and page sizes of a 970, power5+, power6, power7,\n" \
	"                        power8, power9 or power10, if the source does not say\n"

#define LINUX_HELP                                                                            \
	"      --linux[=CONTEXT] find segments that are not in the SLB as Linux numbers\n"    \
	"                        them, user addresses in CONTEXT\n"                           \
	"      --linux-pages N   the kernel's PAGE_SIZE, 4K or 64K, where the SLB does not\n" \
	"                        tell it\n"

#define ACCESS_HELP                                                                        \
	"How:\n"                                                                           \
	"      --access HOW      read, write, fetch or any (read or else fetch) as that\n" \
	"                        vCPU would, with its MSR[PR], [IR] and [DR]: a right\n"   \
	"                        that lacks is a fault. Without it: a debugger's look,\n"  \
	"                        translated whatever MSR says, which nothing forbids\n"    \
	"      --debug           with --access: nothing forbids it\n"                      \
	"      --translation W   on or off, whatever MSR says\n"

/* Returns 0, or OPT_BAD and has said why; an option of another kind is OPT_BAD, too. */
int asking_option(struct asking *asking, int code);
int asking_begin(struct asking *asking, const struct command *command, int argc);
void asking_end(struct asking *asking);

struct machine {
	struct source source;
	struct vcpu vcpu; /* mmu always means something */
	struct hpt_linux linux_rule;
	const struct hpt_memory_ops *memory; /* NULL: it has none, and no_memory says why */
	void *memory_ctx;
	struct hpt_error no_memory;
	uint32_t flags; /* HPT_XLATE_* for what was asked */
	enum hpt_access access;
};

/*
 * machine_open() opens the source and one vCPU; flags are hpt_guest_options::flags, and
 * need_table makes the lack of one a negative answer. machine_look() prepares for asking
 * addresses: how to look, the SLB shadow buffer, Linux's segments. Both return 0, or an exit
 * status when they have said why.
 */
int machine_open(struct machine *machine, struct asking *asking, uint32_t flags,
		 bool need_table);
int machine_look(struct machine *machine, const struct asking *asking);
void machine_close(struct machine *machine);

/*
 * Linux's rule, if the guest's vCPUs or its table tell that it follows it. machine_need_linux()
 * takes it as given where --linux names a context, and else complains.
 */
bool machine_linux(const struct machine *machine, uint32_t page_shift, struct hpt_linux *rule);
int machine_need_linux(const struct machine *machine, const struct asking *asking,
		       struct hpt_linux *rule);

/* linux.c: how a Linux guest numbers its segments, found out by what is known of it */
bool linux_from_slb(struct hpt_linux *rule, const struct hpt_cpu *cpu, uint32_t page_shift);
bool linux_from_table(struct hpt_linux *rule, const struct hpt_table *table,
		      const struct hpt_page_sizes *sizes);
void linux_default(struct hpt_linux *rule, const struct hpt_cpu *cpu);

#endif /* HPT_TOOL_MACHINE_H */
