/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "gdb.h"

/* A guest as a debugger asks for it: vCPUs, and memory as each of them has it. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MSR_LE 1u
#define PIECE 4096u

static uint32_t count_vcpus(const struct gdb_guest *guest)
{
	struct hpt_guest_info info = { .size = sizeof(info) };

	if (!guest->machine.source.guest ||
	    hpt_guest_info(guest->machine.source.guest, &info, NULL) ||
	    info.kind != HPT_SOURCE_QEMU || info.vcpus == HPT_GUEST_VCPUS_UNKNOWN)
		return 0;
	return info.vcpus;
}

/* Linux's segments, users' by what this vCPU has in its SLB. */
static void add_linux(struct gdb_guest *guest)
{
	struct machine *machine = &guest->machine;
	const struct asking *asking = guest->asking;
	struct hpt_linux own = { .size = sizeof(own) };

	machine->vcpu.mmu.linux_rule = NULL;
	if (!guest->with_linux)
		return;
	machine->linux_rule = guest->rule;
	machine->linux_rule.user_context = 0;
	if (linux_from_slb(&own, &machine->vcpu.mmu, asking->page_shift))
		machine->linux_rule.user_context = own.user_context;
	if (asking->has_context)
		machine->linux_rule.user_context = asking->context;
	machine->vcpu.mmu.linux_rule = &machine->linux_rule;
}

/* How the options and the vCPU's state have it looked at; Linux is added apart. */
static void look(struct gdb_guest *guest)
{
	struct asking plain = *guest->asking;

	plain.use_linux = false;
	(void)machine_look(&guest->machine, &plain);
	add_linux(guest);
}

static int load(struct gdb_guest *guest, uint32_t i, struct hpt_error *err)
{
	const struct hpt_guest *source = guest->machine.source.guest;
	struct hpt_guest_vcpu more = { .size = sizeof(more) };
	int ret = hpt_guest_vcpu(source, i, &more, err);

	if (!ret)
		ret = vcpu_from_guest(&guest->machine.vcpu, source, i, err);
	if (ret)
		return ret;
	guest->more = more;
	guest->chosen = i;
	return 0;
}

void gdb_choose(struct gdb_guest *guest, uint32_t i)
{
	struct hpt_error err;

	if (i == guest->chosen || guest->alone)
		return;
	if (!load(guest, i, &err))
		look(guest);
}

/* Registers beyond those that files of the monitor have, where none took their place. */
static void take_more(struct gdb_guest *guest)
{
	struct hpt_guest_vcpu more = { .size = sizeof(more) };
	uint32_t n = count_vcpus(guest);

	guest->more.has = 0;
	if (guest->asking->registers)
		return;
	for (uint32_t i = 0; i < n; i++)
		if (!hpt_guest_vcpu(guest->machine.source.guest, i, &more, NULL) &&
		    more.id == guest->machine.vcpu.id)
			guest->more = more;
}

static void open_one(struct gdb_guest *guest)
{
	guest->alone = true;
	guest->n = 1;
	guest->threads[0].id = guest->machine.vcpu.id;
	guest->threads[0].halted = guest->machine.vcpu.halted;
	take_more(guest);
}

/*
 * All of them, once. gdb knows one byte order: that of the first vCPU which translates
 * addresses, since one that was never started, or is in firmware, may have another.
 */
static int open_threads(struct gdb_guest *guest, uint32_t n)
{
	bool found = false;
	struct hpt_error err;

	guest->n = n;
	for (uint32_t i = 0; i < n; i++) {
		const struct vcpu *vcpu = &guest->machine.vcpu;
		bool translates;

		if (load(guest, i, &err)) {
			complain("%s", err.text);
			return EXIT_ERROR;
		}
		guest->threads[i].id = vcpu->id;
		guest->threads[i].halted = vcpu->halted;
		translates = vcpu->msr & (HPT_MSR_IR | HPT_MSR_DR);
		if (i == 0 || (translates && !found))
			guest->little = vcpu->msr & MSR_LE;
		found |= translates;
	}
	return load(guest, 0, &err) ? EXIT_ERROR : 0;
}

static int find_linux(struct gdb_guest *guest)
{
	const struct asking *asking = guest->asking;

	guest->rule.size = sizeof(guest->rule);
	if (asking->use_linux) {
		guest->with_linux = true;
		return machine_need_linux(&guest->machine, asking, &guest->rule);
	}
	guest->with_linux = machine_linux(&guest->machine, asking->page_shift, &guest->rule);
	return 0;
}

static int open_vcpus(struct gdb_guest *guest)
{
	const struct asking *asking = guest->asking;
	uint32_t n = count_vcpus(guest);
	bool one = n < 2 || asking->registers || asking->slb || asking->has_cpu;
	int ret = 0;

	if (!guest->machine.vcpu.has_registers) {
		complain("the source has no vCPU; --registers can give one");
		return EXIT_NO;
	}
	guest->threads = calloc(one ? 1 : n, sizeof(*guest->threads));
	if (!guest->threads) {
		complain("no memory");
		return EXIT_ERROR;
	}
	guest->little = guest->machine.vcpu.msr & MSR_LE;
	if (one)
		open_one(guest);
	else
		ret = open_threads(guest, n);
	return ret ? ret : find_linux(guest);
}

/* What can be asked for in vain all along is said in the beginning. */
static void warn(const struct gdb_guest *guest)
{
	const struct machine *machine = &guest->machine;

	if (!machine->memory)
		complain("no memory: %s", machine->no_memory.text);
	else if (!machine->source.table)
		complain("no memory by effective address (monitor real reads it by real "
			 "address): %s",
			 source_reason(&machine->source));
}

int gdb_guest_open(struct gdb_guest *guest, struct asking *asking, enum gdb_endian endian)
{
	int ret;

	*guest = (struct gdb_guest){ .asking = asking };
	ret = machine_open(&guest->machine, asking, HPT_GUEST_MEMORY, false);
	if (ret)
		return ret;
	ret = open_vcpus(guest);
	if (ret) {
		gdb_guest_close(guest);
		return ret;
	}
	guest->has = guest->more.has;
	if (endian)
		guest->little = endian == GDB_ENDIAN_LITTLE;
	look(guest);
	warn(guest);
	return 0;
}

void gdb_guest_close(struct gdb_guest *guest)
{
	free(guest->threads);
	guest->threads = NULL;
	machine_close(&guest->machine);
}

/*
 * Where translation is off, and still there are segments, gdb may mean either: an address of
 * the kernel's, or the one that the CPU itself would use.
 */
uint32_t gdb_look(const struct gdb_guest *guest, uint64_t ea)
{
	const struct machine *machine = &guest->machine;
	struct hpt_translation answer = { .size = sizeof(answer) };
	uint32_t real = (machine->flags & ~(HPT_XLATE_ON | HPT_XLATE_REAL)) | HPT_XLATE_REAL;

	if (machine->vcpu.mmu.msr & (HPT_MSR_IR | HPT_MSR_DR) ||
	    guest->asking->translation != TRANSLATION_DEFAULT ||
	    (machine->source.table &&
	     !hpt_translate(&machine->vcpu.mmu, machine->source.table, ea, machine->access,
			    machine->flags, &answer, NULL) &&
	     answer.outcome == HPT_OUTCOME_MAPPED))
		return machine->flags;
	return real;
}

static int not_there(struct hpt_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int not_there(struct hpt_error *err, int code, const char *format, ...)
{
	char text[HPT_ERROR_TEXT];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return hpt_error_fill(err, code, 0, text);
}

/* Where the bytes at an address are, and how many of its page are left. */
static int find(const struct gdb_guest *guest, uint64_t ea, uint64_t *ra, uint64_t *len,
		struct hpt_error *err)
{
	const struct machine *machine = &guest->machine;
	struct hpt_translation answer = { .size = sizeof(answer) };
	uint32_t flags = gdb_look(guest, ea);
	uint64_t page = PIECE;
	int ret;

	if (!machine->source.table && !(flags & HPT_XLATE_REAL))
		return not_there(err, HPT_ERR_NO_HPT, "no hashed page table: %s",
				 source_reason(&machine->source));
	ret = hpt_translate(&machine->vcpu.mmu, machine->source.table, ea, machine->access,
			    flags, &answer, err);
	if (ret)
		return ret;
	if (answer.outcome != HPT_OUTCOME_MAPPED)
		return not_there(err, HPT_ERR_RANGE, "0x%llx is not mapped: %s",
				 (unsigned long long)ea, hpt_outcome_name(answer.outcome));
	if (answer.has & HPT_HAS_ENTRY)
		page = UINT64_C(1) << answer.base_shift;
	*ra = answer.ra;
	*len = page - (ea & (page - 1));
	return 0;
}

/* What cannot be had whole is tried by halves. */
size_t gdb_read_real(const struct gdb_guest *guest, uint64_t ra, size_t len,
		     unsigned char *bytes, struct hpt_error *err)
{
	const struct machine *machine = &guest->machine;
	size_t done = 0, part = len;

	if (!machine->memory) {
		*err = machine->no_memory;
		return 0;
	}
	while (done < len && part) {
		part = part < len - done ? part : len - done;
		if (machine->memory->read(machine->memory_ctx, ra + done, part, bytes + done,
					  err))
			part /= 2;
		else
			done += part;
	}
	return done;
}

size_t gdb_read(const struct gdb_guest *guest, uint64_t ea, size_t len, unsigned char *bytes,
		struct hpt_error *err)
{
	size_t done = 0;

	while (done < len) {
		uint64_t ra = 0, page = 0;
		size_t n, got;

		if (find(guest, ea + done, &ra, &page, err))
			break;
		n = page < len - done ? (size_t)page : len - done;
		got = gdb_read_real(guest, ra, n, bytes + done, err);
		done += got;
		if (got < n)
			break;
		if (done < len && ea + done < ea) {
			hpt_error_fill(err, HPT_ERR_RANGE, 0, "the range leads beyond 2^64");
			break;
		}
	}
	return done;
}
