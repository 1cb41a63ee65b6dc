/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Translations as text: a machine, then "EA access -> what comes of it". All numbers are hex,
 * but those of pages (log2 of bytes) and slots. A table is of order 18.
 *   is TEXT               what this is about
 *   cpu NAME PLATFORM     a new CPU, with translation on, and an empty table
 *   NAME VALUE            a register: msr, lpcr, amr, iamr, rmor, hrmor, pate0
 *   slb ESID VSID         a slot more; "slb" alone: none
 *   table TEXT            an empty table
 *   hpte PTEX V R         an entry
 *   flags WORDS           debug, on, real, any
 * What comes of it: the outcome, of a page that is mapped the real address, ptex and size,
 * and behind a comma the interrupt and every register that it sets.
 */

#include "unit.h"

#include <hpt/mmu.h>

#include "mmu_texts.h"

struct machine {
	struct hpt_cpu cpu;
	struct hpt_table *table;
	uint32_t flags;
	const char *about;
	unsigned cases;
};

static const char *const cpu_names[] = {
	[HPT_CPU_970] = "970",         [HPT_CPU_POWER5P] = "power5+",
	[HPT_CPU_POWER6] = "power6",   [HPT_CPU_POWER7] = "power7",
	[HPT_CPU_POWER8] = "power8",   [HPT_CPU_POWER9] = "power9",
	[HPT_CPU_POWER10] = "power10",
};
static const char *const platform_names[] = { "pseries", "bare", "nohv" };
static const char *const access_names[] = { "read", "write", "fetch" };
static const char *const flag_names[] = { "debug", "on", "real", "any" };

static unsigned find_name(const char *name, const char *const *names, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(name, names[i]))
			return i;
	fail_msg("unknown word \"%s\"", name);
	return 0;
}

static void new_table(struct machine *m)
{
	hpt_table_close(m->table);
	assert_int_equal(hpt_sparse_open(18, &m->table, NULL), 0);
}

static void new_cpu(struct machine *m, const char *line)
{
	char name[16], platform[16];

	assert_int_equal(sscanf(line, "cpu %15s %15s", name, platform), 2);
	m->cpu.size = sizeof(m->cpu);
	assert_int_equal(
		hpt_cpu_init(&m->cpu,
			     (enum hpt_processor)find_name(name, cpu_names, COUNT(cpu_names)),
			     (enum hpt_platform)find_name(platform, platform_names, 3), NULL),
		0);
	m->flags = 0;
	new_table(m);
}

static void new_slb(struct machine *m, const char *line)
{
	unsigned long long esid, vsid;

	if (sscanf(line, "slb %llx %llx", &esid, &vsid) == 2)
		m->cpu.slb[m->cpu.slb_n++] = (struct hpt_slb_entry){ esid, vsid };
	else
		m->cpu.slb_n = 0;
}

static void new_entry(struct machine *m, const char *line)
{
	unsigned long long ptex, v, r;
	struct hpt_entry e;

	assert_int_equal(sscanf(line, "hpte %llx %llx %llx", &ptex, &v, &r), 3);
	e = (struct hpt_entry){ v, r };
	assert_int_equal(hpt_table_write(m->table, ptex, 1, &e, NULL), 0);
}

static void new_flags(struct machine *m, char *words)
{
	m->flags = 0;
	for (char *word = strtok(words + strlen("flags"), " "); word; word = strtok(NULL, " "))
		m->flags |= 1u << find_name(word, flag_names, COUNT(flag_names));
}

static bool new_register(struct machine *m, const char *line)
{
	struct {
		const char *name;
		uint64_t *value;
	} registers[] = {
		{ "msr ", &m->cpu.msr },     { "lpcr ", &m->cpu.lpcr },
		{ "amr ", &m->cpu.amr },     { "iamr ", &m->cpu.iamr },
		{ "rmor ", &m->cpu.rmor },   { "hrmor ", &m->cpu.hrmor },
		{ "pate0 ", &m->cpu.pate0 },
	};

	for (unsigned i = 0; i < COUNT(registers); i++)
		if (!strncmp(line, registers[i].name, strlen(registers[i].name))) {
			*registers[i].value = strtoull(strchr(line, ' '), NULL, 16);
			return true;
		}
	return false;
}

/* What the text would say of this answer. */
static void render(const struct hpt_translation *x, char *out, size_t room)
{
	size_t n = (size_t)snprintf(out, room, "%s", hpt_outcome_name(x->outcome));

#define ADD(...) n += (size_t)snprintf(out + n, room - n, __VA_ARGS__)
	if (x->outcome == HPT_OUTCOME_MAPPED)
		ADD(" %llx", ULL(x->ra));
	if (x->outcome == HPT_OUTCOME_MAPPED && x->has & HPT_HAS_ENTRY)
		ADD(" ptex %llx page %u", ULL(x->ptex), x->page_shift);
	if (x->interrupt)
		ADD(", %x", x->interrupt);
	if (x->has & HPT_HAS_DSISR)
		ADD(" dsisr %x", x->dsisr);
	if (x->has & HPT_HAS_DAR)
		ADD(" dar %llx", ULL(x->dar));
	if (x->has & HPT_HAS_SRR1)
		ADD(" srr1 %llx", ULL(x->srr1));
	if (x->has & HPT_HAS_ASDR)
		ADD(" asdr %llx", ULL(x->asdr));
#undef ADD
}

static void run_case(struct machine *m, const char *line)
{
	const char *expected = strstr(line, "-> ");
	struct hpt_translation x = { .size = sizeof(x) };
	char access[8], found[200];
	unsigned long long ea = 0;

	if (!expected || sscanf(line, "%llx %7s ->", &ea, access) != 2)
		fail_msg("%s: what is \"%s\"?", m->about, line);
	assert_int_equal(hpt_translate(&m->cpu, m->table, ea,
				       (enum hpt_access)find_name(access, access_names, 3),
				       m->flags, &x, NULL),
			 0);
	render(&x, found, sizeof(found));
	if (strcmp(found, expected + 3))
		fail_msg("%s: \"%s\" gave \"%s\"", m->about, line, found);
	m->cases++;
}

static bool begins(const char *line, const char *word)
{
	return !strncmp(line, word, strlen(word));
}

static void run_line(struct machine *m, char *line)
{
	if (begins(line, "is ") || begins(line, "table ")) {
		m->about = line;
		if (begins(line, "table "))
			new_table(m);
	} else if (begins(line, "cpu ")) {
		new_cpu(m, line);
	} else if (begins(line, "slb")) {
		new_slb(m, line);
	} else if (begins(line, "hpte ")) {
		new_entry(m, line);
	} else if (begins(line, "flags")) {
		new_flags(m, line);
	} else if (!new_register(m, line)) {
		run_case(m, line);
	}
}

static unsigned count_cases(const char *text)
{
	unsigned n = 0;

	while ((text = strstr(text, "-> "))) {
		text += 3;
		n++;
	}
	return n;
}

static void run(const char *const *texts, size_t n)
{
	struct machine m = { .about = "" };
	unsigned cases = 0;

	for (size_t i = 0; i < n; i++) {
		char *text = strdup(texts[i]), *next = text, *line;

		cases += count_cases(texts[i]);
		while ((line = strsep(&next, "\n")))
			if (*line)
				run_line(&m, line);
		hpt_table_close(m.table);
		m.table = NULL;
		free(text);
	}
	/* None was passed over. */
	assert_int_equal(m.cases, cases);
}

static const char *const segments[] = {
	"is segments\n"
	"cpu power8 pseries\n"
	"hpte 3f0b 2a5c3d17e91b5701 1234000000012\n"
	"317654abc read -> no segment, 380 dar 317654abc\n"
	"317654abc write -> no segment, 380 dar 317654abc\n"
	"317654abc fetch -> no segment, 480 srr1 0\n"
	"slb 318000000 2a5c3d17e91b5400\n"
	"317654abc read -> mapped 1234000000abc ptex 3f0b page 12\n"
	"327654abc read -> no segment, 380 dar 327654abc\n"
	"8000000317654abc read -> no segment, 380 dar 8000000317654abc\n"
	"slb 318000003 2a5c3d17e91b5400\n"
	"317654abc read -> several segments, 200 dar 317654abc\n"
	"317654abc fetch -> several segments, 200\n"
	"flags debug\n"
	"317654abc read -> mapped 1234000000abc ptex 3f0b page 12\n"
	"flags\n"
	"slb\n"
	"slb 310000000 2a5c3d17e91b5400\n"
	"317654abc read -> no segment, 380 dar 317654abc\n"
	"slb\n"
	"slb 318000000 aa5c3d17e91b5400\n"
	"317654abc read -> no segment, 380 dar 317654abc\n"
	"slb\n"
	"slb 318000000 2a5c3d17e91b5410\n" /* L 0 and LP 1 name no size */
	"317654abc read -> bad segment\n"
	"slb\n"
	"slb 318000000 2a5c3d17e91b5520\n" /* a page of 16G in a segment of 256M */
	"317654abc read -> bad segment\n",

	"is a 1T segment, whose lowest ESID bits say nothing\n"
	"cpu power8 pseries\n"
	"slb 5a1298000000 41b7c9d5a3000400\n"
	"5a1234567abc read -> no entry, 300 dsisr 40000000 dar 5a1234567abc\n"
	"5b1234567abc read -> no segment, 380 dar 5b1234567abc\n"
	"cpu 970 nohv\n" /* which has none */
	"slb 5a0008000000 41b7c9d5a3000400\n"
	"5a1234567abc read -> no segment, 380 dar 5a1234567abc\n",
};

static const char *const faults[] = {
	"is execution\n"
	"cpu power8 pseries\n"
	"slb 318000000 2a5c3d17e91b5400\n"
	"table N\n"
	"hpte 3f0b 2a5c3d17e91b5701 1234000000016\n"
	"317654abc read -> mapped 1234000000abc ptex 3f0b page 12\n"
	"317654abc fetch -> no execute, 400 srr1 10000000\n"
	"table guarded\n"
	"hpte 3f0b 2a5c3d17e91b5701 123400000003a\n"
	"317654abc write -> mapped 1234000000abc ptex 3f0b page 12\n"
	"317654abc fetch -> guarded, 400 srr1 10000000\n"
	"table N and no right to read: only N is told\n"
	"hpte 3f0b 2a5c3d17e91b5701 8000000000001015\n"
	"317654abc read -> protection, 300 dsisr 8000000 dar 317654abc\n"
	"317654abc fetch -> no execute, 400 srr1 10000000\n"
	"table a segment that says N\n"
	"slb\n"
	"slb 318000000 2a5c3d17e91b5600\n"
	"hpte 3f0b 2a5c3d17e91b5701 1234000000012\n"
	"317654abc read -> mapped 1234000000abc ptex 3f0b page 12\n"
	"317654abc fetch -> no execute, 400 srr1 10000000\n"
	"table the same, and no entry\n"
	"317654abc read -> no entry, 300 dsisr 40000000 dar 317654abc\n"
	"317654abc fetch -> no execute, 400 srr1 10000000\n"
	"flags debug\n"
	"317654abc fetch -> no entry, 400 srr1 40000000\n"
	"flags\n"
	"317655abc fetch -> no execute, 400 srr1 10000000\n",
};

static const char *const registers[] = {
	"is keys\n"
	"cpu power8 pseries\n"
	"amr 0020100000300000\n"
	"iamr 0000004000000000\n"
	"slb 318000000 2a5c3d17e91b5400\n"
	"table key 5\n"
	"hpte 3f0b 2a5c3d17e91b5701 1234000000a12\n"
	"317654abc read -> mapped 1234000000abc ptex 3f0b page 12\n"
	"317654abc write -> key, 300 dsisr 2200000 dar 317654abc\n"
	"317654abc fetch -> mapped 1234000000abc ptex 3f0b page 12\n"
	"table key 9\n"
	"hpte 3f0b 2a5c3d17e91b5701 1000034000000212\n"
	"317654abc read -> key, 300 dsisr 200000 dar 317654abc\n"
	"317654abc write -> mapped 34000000abc ptex 3f0b page 12\n"
	"317654abc fetch -> mapped 34000000abc ptex 3f0b page 12\n"
	"flags any\n"
	"317654abc read -> mapped 34000000abc ptex 3f0b page 12\n"
	"flags debug\n"
	"317654abc read -> mapped 34000000abc ptex 3f0b page 12\n"
	"flags\n"
	"table key 21, and no right by pp\n"
	"hpte 3f0b 2a5c3d17e91b5701 a000034000000a10\n"
	"317654abc read -> protection, 300 dsisr 8200000 dar 317654abc\n"
	"317654abc write -> protection, 300 dsisr a200000 dar 317654abc\n"
	"317654abc fetch -> protection, 400 srr1 8000000\n"
	"table key 12\n"
	"hpte 3f0b 2a5c3d17e91b5701 1000034000000812\n"
	"317654abc read -> mapped 34000000abc ptex 3f0b page 12\n"
	"317654abc fetch -> key, 400 srr1 200000\n"
	"table key 12 and N\n"
	"hpte 3f0b 2a5c3d17e91b5701 1000034000000816\n"
	"317654abc fetch -> no execute, 400 srr1 10200000\n"
	"table key 12 and no right by pp\n"
	"hpte 3f0b 2a5c3d17e91b5701 9000034000000810\n"
	"317654abc fetch -> protection, 400 srr1 8200000\n",

	"is no IAMR before 2.07, and no AMR before 2.06\n"
	"cpu power7 pseries\n"
	"amr ffffffffffffffff\n"
	"iamr ffffffffffffffff\n"
	"slb 318000000 2a5c3d17e91b5400\n"
	"hpte 3f0b 2a5c3d17e91b5701 1234000000012\n"
	"317654abc read -> key, 300 dsisr 200000 dar 317654abc\n"
	"317654abc fetch -> mapped 1234000000abc ptex 3f0b page 12\n"
	"cpu power6 pseries\n"
	"amr ffffffffffffffff\n"
	"slb 318000000 2a5c3d17e91b5400\n"
	"hpte 3f0b 2a5c3d17e91b5701 1234000000012\n"
	"317654abc write -> mapped 1234000000abc ptex 3f0b page 12\n",

	"is problem state: Kp, not Ks\n"
	"cpu power8 pseries\n"
	"msr 8000000000004030\n"
	"slb 318000000 2a5c3d17e91b5400\n"
	"hpte 3f0b 2a5c3d17e91b5701 1234000000010\n"
	"317654abc read -> protection, 300 dsisr 8000000 dar 317654abc\n"
	"317654abc fetch -> protection, 400 srr1 8000000\n"
	"msr 8000000000000030\n"
	"317654abc write -> mapped 1234000000abc ptex 3f0b page 12\n"
	"slb\n"
	"slb 318000000 2a5c3d17e91b5800\n"
	"317654abc write -> protection, 300 dsisr a000000 dar 317654abc\n"
	"msr 8000000000004030\n"
	"317654abc write -> mapped 1234000000abc ptex 3f0b page 12\n",

	"is 32-bit mode\n"
	"cpu power8 pseries\n"
	"msr 30\n"
	"slb 18000000 2a5c3d17e91b5400\n"
	"hpte 3f0b 2a5c3d17e91b5701 1234000000012\n"
	"17654abc read -> mapped 1234000000abc ptex 3f0b page 12\n"
	"c000000017654abc read -> mapped 1234000000abc ptex 3f0b page 12\n"
	"c000000027654abc write -> no segment, 380 dar 27654abc\n"
	"flags debug\n"
	"c000000017654abc read -> no segment, 380 dar c000000017654abc\n"
	"17654abc read -> mapped 1234000000abc ptex 3f0b page 12\n",

	"is LPCR: ISL makes base pages small, TC takes the secondary group away\n"
	"cpu power8 pseries\n"
	"slb 318000000 2a5c3d17e91b5510\n" /* 64K */
	"hpte 3f0b 2a5c3d17e91b5701 1234000000012\n"
	"317654abc read -> no entry, 300 dsisr 40000000 dar 317654abc\n"
	"lpcr 2000000000000000\n"
	"317654abc read -> mapped 1234000000abc ptex 3f0b page 12\n"
	"lpcr 0\n"
	"slb\n"
	"slb 318000000 2a5c3d17e91b5400\n"
	"table secondary\n"
	"hpte f6 2a5c3d17e91b5703 1234000000012\n"
	"317654abc read -> mapped 1234000000abc ptex f6 page 12\n"
	"lpcr 200\n"
	"317654abc read -> no entry, 300 dsisr 40000000 dar 317654abc\n"
	"table the first of two counts\n"
	"lpcr 0\n"
	"hpte f6 2a5c3d17e91b5703 1234000000012\n"
	"hpte 3f0e 2a5c3d17e91b5701 2222000000012\n"
	"hpte 3f0a 2a5c3d17e91b5701 1111000000012\n"
	"317654abc read -> mapped 1111000000abc ptex 3f0a page 12\n",
};

static const char *const real[] = {
	"is a PAPR guest\n"
	"cpu power8 pseries\n"
	"msr 8000000000000000\n"
	"hrmor 40000000\n"
	"rmor 80000000\n"
	"1234 read -> mapped 1234\n"
	"c000000000001234 fetch -> mapped 1234\n"
	"0800000000001234 write -> mapped 800000000001234\n"
	"msr 8000000000000010\n" /* DR alone */
	"1234 fetch -> mapped 1234\n"
	"1234 read -> no segment, 380 dar 1234\n"
	"flags real\n"
	"1234 read -> mapped 1234\n"
	"flags on\n"
	"1234 fetch -> no segment, 480 srr1 0\n",

	"is hypervisor state\n"
	"cpu power8 bare\n"
	"msr 9000000000000000\n"
	"hrmor 40000000\n"
	"1234 read -> mapped 40001234\n"
	"8000000000001234 fetch -> mapped 1234\n"
	"7000000000001234 write -> mapped 40001234\n"
	"cpu 970 nohv\n"
	"msr 8000000000000000\n"
	"1234 read -> mapped 1234\n",

	"is RMOR and its limits\n"
	"cpu power7 bare\n"
	"msr 8000000000000000\n"
	"rmor 400000000\n"
	"lpcr 0\n" /* 256G */
	"1234 read -> mapped 400001234\n"
	"3ffffffff0 read -> mapped 3ffffffff0\n"
	"4000000000 read -> real mode limit, 300 dsisr 8000000 dar 4000000000\n"
	"lpcr 20000000\n" /* 32M */
	"1ffffff read -> mapped 401ffffff\n"
	"2000000 read -> real mode limit, 300 dsisr 8000000 dar 2000000\n"
	"2000000 write -> real mode limit, 300 dsisr a000000 dar 2000000\n"
	"2000000 fetch -> real mode limit, 400 srr1 8000000\n"
	"lpcr 8000000\n" /* 1G */
	"3fffffff read -> mapped 43fffffff\n"
	"40000000 fetch -> real mode limit, 400 srr1 8000000\n"
	"lpcr 14000000\n" /* reserved */
	"0 read -> real mode limit, 300 dsisr 8000000 dar 0\n",

	"is VRMA of 4K pages\n"
	"cpu power8 bare\n"
	"msr 8000000000000000\n"
	"lpcr 8000000000000000\n"
	"amr ffffffffffffffff\n" /* not consulted */
	"hpte 3f68 4001ffffff000001 1234000000010\n"
	"12345 read -> mapped 1234000000345 ptex 3f68 page 12\n"
	"3000010000012345 read -> mapped 1234000000345 ptex 3f68 page 12\n" /* modulo 1T */
	"13345 read -> no entry, e00 dsisr 40000000 dar 13345\n"
	"13345 write -> no entry, e00 dsisr 42000000 dar 13345\n"
	"13345 fetch -> no entry, e20 srr1 40000000\n"
	"table read only\n"
	"hpte 3f68 4001ffffff000001 1234000000013\n"
	"12345 write -> protection, e00 dsisr a000000 dar 12345\n",

	"is VRMA of 16M and of 64K pages\n"
	"cpu power8 bare\n"
	"msr 8000000000000000\n"
	"lpcr 8008000000000000\n"
	"hpte 3f68 4001ffffff001205 1234000000010\n"
	"12345678 read -> mapped 1234000345678 ptex 3f68 page 24\n"
	"13345678 read -> no entry, e00 dsisr 40000000 dar 13345678\n"
	"lpcr 8008800000000000\n"
	"table 64K\n"
	"hpte 3f68 4001ffffff000005 1234000001010\n"
	"123456 read -> mapped 1234000003456 ptex 3f68 page 16\n"
	"lpcr 8000800000000000\n" /* L 0 and LP 1 */
	"123456 read -> bad VRMA, 200 dar 123456\n"
	"123456 fetch -> bad VRMA, 200\n",

	"is VRMA of ISA 3.0: always, with the size in the partition's entry\n"
	"cpu power9 bare\n"
	"msr 8000000000000000\n"
	"pate0 0000000012340080\n" /* 16M */
	"hpte 3f68 4001ffffff001205 1234000000010\n"
	"12345678 read -> mapped 1234000345678 ptex 3f68 page 24\n"
	"13345678 read -> no entry, e00 dsisr 40000000 dar 13345678 asdr 4001ffffff000100\n"
	"13345678 fetch -> no entry, e20 srr1 40000000 asdr 4001ffffff000100\n"
	"pate0 20\n"
	"12345678 read -> bad VRMA, 200 dar 12345678\n",
};

static const char *const hypervisor[] = {
	"is VPM1: storage faults go to the hypervisor, segment faults do not\n"
	"cpu power8 bare\n"
	"lpcr 4000000000000000\n"
	"slb 318000000 2a5c3d17e91b5400\n"
	"hpte 3f0b 2a5c3d17e91b5701 1234000000017\n"
	"317654abc read -> mapped 1234000000abc ptex 3f0b page 12\n"
	"317654abc write -> protection, e00 dsisr a000000 dar 317654abc\n"
	"317654abc fetch -> no execute, e20 srr1 10000000\n"
	"317655abc read -> no entry, e00 dsisr 40000000 dar 317655abc\n"
	"317655abc fetch -> no entry, e20 srr1 40000000\n"
	"327655abc read -> no segment, 380 dar 327655abc\n"
	"msr 9000000000000030\n" /* HV: its own */
	"317654abc write -> protection, 300 dsisr a000000 dar 317654abc\n"
	"317655abc fetch -> no entry, 400 srr1 40000000\n"
	"msr 8000000000000030\n"
	"lpcr 8000000000000000\n" /* VPM0 is about real mode */
	"317655abc read -> no entry, 300 dsisr 40000000 dar 317655abc\n",

	"is ASDR, from 3.0 on\n"
	"cpu power9 bare\n"
	"lpcr 4000000000000000\n"
	"slb 318000000 2a5c3d17e91b5400\n"
	"317655abc read -> no entry, e00 dsisr 40000000 dar 317655abc asdr 2a5c3d17e91b5400\n"
	"317655abc fetch -> no entry, e20 srr1 40000000 asdr 2a5c3d17e91b5400\n"
	"cpu power9 pseries\n" /* a guest sees its own interrupts */
	"lpcr 4000000000000000\n"
	"slb 318000000 2a5c3d17e91b5400\n"
	"317655abc read -> no entry, 300 dsisr 40000000 dar 317655abc\n",
};

static void test_sizes(void **state)
{
	(void)state;
	run(sizes, COUNT(sizes));
}

static void test_rights(void **state)
{
	(void)state;
	run(rights, COUNT(rights));
}

static void test_segments(void **state)
{
	(void)state;
	run(segments, COUNT(segments));
}

static void test_faults(void **state)
{
	(void)state;
	run(faults, COUNT(faults));
}

static void test_registers(void **state)
{
	(void)state;
	run(registers, COUNT(registers));
}

static void test_real(void **state)
{
	(void)state;
	run(real, COUNT(real));
}

static void test_hypervisor(void **state)
{
	(void)state;
	run(hypervisor, COUNT(hypervisor));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),      cmocka_unit_test(test_rights),
		cmocka_unit_test(test_segments),   cmocka_unit_test(test_faults),
		cmocka_unit_test(test_registers),  cmocka_unit_test(test_real),
		cmocka_unit_test(test_hypervisor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
