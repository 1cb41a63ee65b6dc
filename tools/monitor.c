/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "vcpu.h"

/*
 * What QEMU's monitor prints for "info registers" and "info tlb", as it is: one CPU, whichever
 * it is, or several with a line "CPU#N" or "# cpu N" before each. What is not known is passed over;
 * a name that is known must have its number.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct reading {
	const char *path;
	FILE *file;
	char *line;
	size_t room;
	unsigned long number; /* of the line */
	bool any_cpu;
	uint32_t id; /* whose part is wanted */
	uint32_t current;
	unsigned long found; /* lines taken */
	struct vcpu *vcpu;
};

static int bad_line(const struct reading *reading, const char *what, const char *expected)
{
	complain("%s:%lu: '%s': expected %s", reading->path, reading->number, what, expected);
	return EXIT_ERROR;
}

static int reading_open(struct reading *reading, const char *path)
{
	reading->path = path;
	reading->file = fopen(path, "re");
	if (reading->file)
		return 0;
	complain("%s: %s", path, strerror(errno));
	return EXIT_ERROR;
}

/* Returns 1 with the next line, 0 at the end, or -1 and has said why. */
static int reading_line(struct reading *reading)
{
	ssize_t len = getline(&reading->line, &reading->room, reading->file);

	if (len < 0 && ferror(reading->file)) {
		complain("%s: %s", reading->path, strerror(errno));
		return -1;
	}
	if (len < 0)
		return 0;
	reading->number++;
	reading->line[strcspn(reading->line, "\r\n")] = '\0';
	return 1;
}

static void reading_close(struct reading *reading)
{
	free(reading->line);
	(void)fclose(reading->file);
}

/* A hexadecimal number that is the whole word, with or without 0x. */
static bool hex_word(const char *word, uint64_t *out)
{
	char *end;

	if (!word || !strchr("0123456789abcdefABCDEF", word[0]) || !word[0])
		return false;
	errno = 0;
	*out = strtoull(word, &end, 16);
	return *end == '\0' && !errno;
}

/* "CPU#1" anywhere, or "# cpu 1": whose part begins here. */
static bool cpu_mark(const char *line, uint32_t *id)
{
	const char *mark = strstr(line, "CPU#");
	unsigned n;

	if (mark && sscanf(mark, "CPU#%u", &n) == 1) {
		*id = n;
		return true;
	}
	if (sscanf(line, "# cpu %u", &n) == 1) {
		*id = n;
		return true;
	}
	return false;
}

static bool wanted(struct reading *reading)
{
	if (reading->any_cpu && !reading->found)
		reading->id = reading->current;
	return reading->current == reading->id;
}

static const struct spr_name *find_spr(const char *word)
{
	for (size_t i = 0; i < n_spr_names; i++)
		if (!strcasecmp(word, spr_names[i].name))
			return &spr_names[i];
	return NULL;
}

static uint64_t *find_register(struct vcpu *vcpu, const char *word)
{
	const struct {
		const char *name;
		uint64_t *value;
	} words[] = {
		{ "NIP", &vcpu->pc },  { "MSR", &vcpu->msr }, { "LR", &vcpu->lr },
		{ "CTR", &vcpu->ctr }, { "XER", &vcpu->xer },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i].name) == 0)
			return words[i].value;
	return NULL;
}

/* "GPR04 w w w w" */
static int take_gprs(struct reading *reading, const char *name)
{
	unsigned first;
	const char *word;

	if (sscanf(name, "GPR%2u", &first) != 1 || first > 31)
		return bad_line(reading, name, "GPR00 to GPR31");
	for (unsigned i = first; i < 32 && (word = strtok(NULL, " \t")); i++)
		if (!hex_word(word, &reading->vcpu->gpr[i]))
			return bad_line(reading, word, "a register in hexadecimal");
	return 0;
}

static int take_spr(struct reading *reading, const struct spr_name *spr)
{
	const char *word = strtok(NULL, " \t");
	uint64_t value;

	if (!hex_word(word, &value))
		return bad_line(reading, word ? word : spr->name,
				"a register's name and its value in hexadecimal");
	reading->vcpu->spr[spr->number] = value;
	reading->vcpu->has_spr[spr->number] = true;
	return 0;
}

static int take_plain(struct reading *reading, const char *name, uint64_t *to)
{
	const char *word = strtok(NULL, " \t");

	if (!hex_word(word, to))
		return bad_line(reading, word ? word : name,
				"a register's name and its value in hexadecimal");
	return 0;
}

/* The words of a line of registers; each that is a name takes its number with it. */
static int take_registers(struct reading *reading)
{
	int ret = 0;

	for (char *word = strtok(reading->line, " \t"); word && !ret;
	     word = strtok(NULL, " \t")) {
		uint64_t *to = find_register(reading->vcpu, word);
		const struct spr_name *spr = find_spr(word);
		uint64_t cr = 0;

		if (to) {
			ret = take_plain(reading, word, to);
			reading->found++;
		} else if (strncmp(word, "GPR", 3) == 0) {
			ret = take_gprs(reading, word);
		} else if (strcmp(word, "CR") == 0) {
			ret = take_plain(reading, word, &cr);
			reading->vcpu->cr = (uint32_t)cr;
			break;
		} else if (spr) {
			ret = take_spr(reading, spr);
		}
	}
	return ret;
}

static int read_registers(struct reading *reading)
{
	int more, ret = 0;

	while (!ret && (more = reading_line(reading)) > 0) {
		(void)cpu_mark(reading->line, &reading->current);
		if (wanted(reading))
			ret = take_registers(reading);
	}
	return ret || more < 0 ? EXIT_ERROR : 0;
}

int monitor_registers(const char *path, bool any_cpu, uint32_t id, struct vcpu *vcpu)
{
	struct reading reading = { .any_cpu = any_cpu, .id = id, .current = id, .vcpu = vcpu };
	int ret = reading_open(&reading, path);

	if (ret)
		return ret;
	ret = read_registers(&reading);
	reading_close(&reading);
	if (ret)
		return ret;
	if (!reading.found) {
		complain("%s: no registers of CPU %u: expected what QEMU's 'info registers' "
			 "prints, a line that begins with NIP",
			 path, (unsigned)reading.id);
		return EXIT_ERROR;
	}
	vcpu->has_registers = true;
	vcpu->id = reading.id;
	return 0;
}

/* "11 0x0000000038000000 0x000f2c9df392dd80" */
static int take_slot(struct reading *reading)
{
	struct hpt_cpu *mmu = &reading->vcpu->mmu;
	char *slot = strtok(reading->line, " \t");
	char *end;
	unsigned long n = strtoul(slot, &end, 10);
	struct hpt_slb_entry entry;

	if (*end || n >= HPT_SLB_MAX)
		return bad_line(reading, slot, "the number of an SLB slot, 0 to 63");
	if (!hex_word(strtok(NULL, " \t"), &entry.esid) ||
	    !hex_word(strtok(NULL, " \t"), &entry.vsid))
		return bad_line(reading, slot, "a slot, its ESID word and its VSID word");
	if (mmu->slb[n].esid || mmu->slb[n].vsid)
		return bad_line(reading, slot, "another slot: this one was named before");
	mmu->slb[n] = entry;
	if (mmu->slb_n <= n)
		mmu->slb_n = (uint32_t)n + 1;
	return 0;
}

static int read_slb(struct reading *reading)
{
	int more, ret = 0;

	while (!ret && (more = reading_line(reading)) > 0) {
		const char *text = reading->line + strspn(reading->line, " \t");

		if (cpu_mark(text, &reading->current))
			continue;
		if (strncmp(text, "SLB", 3) == 0)
			reading->found += wanted(reading);
		else if (text[0] >= '0' && text[0] <= '9' && reading->found && wanted(reading))
			ret = take_slot(reading);
	}
	return ret || more < 0 ? EXIT_ERROR : 0;
}

int monitor_slb(const char *path, bool any_cpu, uint32_t id, struct vcpu *vcpu)
{
	struct reading reading = { .any_cpu = any_cpu, .id = id, .current = id, .vcpu = vcpu };
	int ret = reading_open(&reading, path);

	if (ret)
		return ret;
	memset(vcpu->mmu.slb, 0, sizeof(vcpu->mmu.slb));
	vcpu->mmu.slb_n = 0;
	ret = read_slb(&reading);
	reading_close(&reading);
	if (ret)
		return ret;
	if (!reading.found) {
		complain(
			"%s: no SLB of CPU %u: expected what QEMU's 'info tlb' prints, a line "
			"that begins with SLB",
			path, (unsigned)reading.id);
		return EXIT_ERROR;
	}
	vcpu->has_slb = true;
	return 0;
}
