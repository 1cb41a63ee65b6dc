/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "gdb.h"

/*
 * The registers that gdb is told of, and their values. Source: gdb's manual, "PowerPC
 * Features"; which registers a processor has: Power ISA 2.07 and 3.0B, Book III.
 */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Those with "org.gnu.gdb.power." are gdb's own. */
enum feature { CORE, FPU, ALTIVEC, VSX, PPR, DSCR, TAR, EBB, PMU, SPR, FEATURES };

static const char *const feature_names[FEATURES] = {
	[CORE] = "org.gnu.gdb.power.core",       [FPU] = "org.gnu.gdb.power.fpu",
	[ALTIVEC] = "org.gnu.gdb.power.altivec", [VSX] = "org.gnu.gdb.power.vsx",
	[PPR] = "org.gnu.gdb.power.ppr",         [DSCR] = "org.gnu.gdb.power.dscr",
	[TAR] = "org.gnu.gdb.power.tar",         [EBB] = "org.gnu.gdb.power.ebb",
	[PMU] = "org.gnu.gdb.power.pmu",         [SPR] = "org.libhpt.power.spr",
};

struct value {
	uint64_t high; /* of 128 bits */
	uint64_t low;
};

/* Registers in a row, of one kind. */
struct run {
	enum feature feature;
	unsigned n;
	unsigned bits;
	const char *name; /* with the number in place of %, if they have one */
	const char *type;
	const char *group;
	struct value (*get)(const struct gdb_guest *guest, unsigned i);
};

static struct value get_gpr(const struct gdb_guest *guest, unsigned i)
{
	return (struct value){ 0, guest->machine.vcpu.gpr[i] };
}

static struct value get_fpr(const struct gdb_guest *guest, unsigned i)
{
	return (struct value){ 0, guest->more.fpr[i] };
}

static struct value get_pc(const struct gdb_guest *guest, unsigned i)
{
	(void)i;
	return (struct value){ 0, guest->machine.vcpu.pc };
}

static struct value get_msr(const struct gdb_guest *guest, unsigned i)
{
	(void)i;
	return (struct value){ 0, guest->machine.vcpu.msr };
}

static struct value get_cr(const struct gdb_guest *guest, unsigned i)
{
	(void)i;
	return (struct value){ 0, guest->machine.vcpu.cr };
}

static struct value get_lr(const struct gdb_guest *guest, unsigned i)
{
	(void)i;
	return (struct value){ 0, guest->machine.vcpu.lr };
}

static struct value get_ctr(const struct gdb_guest *guest, unsigned i)
{
	(void)i;
	return (struct value){ 0, guest->machine.vcpu.ctr };
}

static struct value get_xer(const struct gdb_guest *guest, unsigned i)
{
	(void)i;
	return (struct value){ 0, guest->machine.vcpu.xer };
}

static struct value get_fpscr(const struct gdb_guest *guest, unsigned i)
{
	(void)i;
	return (struct value){ 0, guest->more.fpscr };
}

static struct value get_vr(const struct gdb_guest *guest, unsigned i)
{
	return (struct value){ guest->more.vr[i].high, guest->more.vr[i].low };
}

static struct value get_vscr(const struct gdb_guest *guest, unsigned i)
{
	(void)i;
	return (struct value){ 0, guest->more.vscr };
}

static struct value get_vrsave(const struct gdb_guest *guest, unsigned i)
{
	(void)i;
	return (struct value){ 0, guest->more.spr[256] };
}

static struct value get_vsx(const struct gdb_guest *guest, unsigned i)
{
	return (struct value){ 0, guest->more.vsx_low[i] };
}

/* In the order of gdb's numbers, which are those of its own descriptions up to fpscr. */
static const struct run runs[] = {
	{ CORE, 32, 64, "r%", "uint64", NULL, get_gpr },
	{ FPU, 32, 64, "f%", "ieee_double", NULL, get_fpr },
	{ CORE, 1, 64, "pc", "code_ptr", NULL, get_pc },
	{ CORE, 1, 64, "msr", "uint64", NULL, get_msr },
	{ CORE, 1, 32, "cr", "uint32", NULL, get_cr },
	{ CORE, 1, 64, "lr", "code_ptr", NULL, get_lr },
	{ CORE, 1, 64, "ctr", "uint64", NULL, get_ctr },
	{ CORE, 1, 32, "xer", "uint32", NULL, get_xer },
	{ FPU, 1, 64, "fpscr", "int", "float", get_fpscr },
	{ ALTIVEC, 32, 128, "vr%", "vec128", NULL, get_vr },
	{ ALTIVEC, 1, 32, "vscr", "int", "vector", get_vscr },
	{ ALTIVEC, 1, 32, "vrsave", "int", "vector", get_vrsave },
	{ VSX, 32, 64, "vs%h", "uint64", NULL, get_vsx },
};

/* Special purpose registers, and the levels of the architecture that have them. */
static const struct spr {
	unsigned number;
	enum feature feature;
	const char *name;
	const char *type;
	enum hpt_isa since;
	enum hpt_isa until;
} sprs[] = {
	{ 896, PPR, "ppr", "uint64", HPT_ISA_2_06, HPT_ISA_3_1 },
	{ 17, DSCR, "dscr", "uint64", HPT_ISA_2_06, HPT_ISA_3_1 },
	{ 815, TAR, "tar", "uint64", HPT_ISA_2_07, HPT_ISA_3_1 },
	{ 806, EBB, "bescr", "uint64", HPT_ISA_2_07, HPT_ISA_3_1 },
	{ 804, EBB, "ebbhr", "uint64", HPT_ISA_2_07, HPT_ISA_3_1 },
	{ 805, EBB, "ebbrr", "uint64", HPT_ISA_2_07, HPT_ISA_3_1 },
	{ 795, PMU, "mmcr0", "uint64", HPT_ISA_2_07, HPT_ISA_3_1 },
	{ 785, PMU, "mmcr2", "uint64", HPT_ISA_2_07, HPT_ISA_3_1 },
	{ 796, PMU, "siar", "uint64", HPT_ISA_2_07, HPT_ISA_3_1 },
	{ 797, PMU, "sdar", "uint64", HPT_ISA_2_07, HPT_ISA_3_1 },
	{ 784, PMU, "sier", "uint64", HPT_ISA_2_07, HPT_ISA_3_1 },
	{ 26, SPR, "srr0", "code_ptr", HPT_ISA_2_01, HPT_ISA_3_1 },
	{ 27, SPR, "srr1", "uint64", HPT_ISA_2_01, HPT_ISA_3_1 },
	{ SPR_DAR, SPR, "dar", "data_ptr", HPT_ISA_2_01, HPT_ISA_3_1 },
	{ SPR_DSISR, SPR, "dsisr", "uint64", HPT_ISA_2_01, HPT_ISA_3_1 },
	{ 28, SPR, "cfar", "code_ptr", HPT_ISA_2_05, HPT_ISA_3_1 },
	{ 272, SPR, "sprg0", "uint64", HPT_ISA_2_01, HPT_ISA_3_1 },
	{ 273, SPR, "sprg1", "uint64", HPT_ISA_2_01, HPT_ISA_3_1 },
	{ 274, SPR, "sprg2", "uint64", HPT_ISA_2_01, HPT_ISA_3_1 },
	{ 275, SPR, "sprg3", "uint64", HPT_ISA_2_01, HPT_ISA_3_1 },
	{ SPR_PVR, SPR, "pvr", "uint64", HPT_ISA_2_01, HPT_ISA_3_1 },
	{ 1023, SPR, "pir", "uint64", HPT_ISA_2_01, HPT_ISA_3_1 },
	{ SPR_PIDR, SPR, "pid", "uint64", HPT_ISA_2_07, HPT_ISA_3_1 },
	{ SPR_AMR, SPR, "amr", "uint64", HPT_ISA_2_06, HPT_ISA_3_1 },
	{ SPR_IAMR, SPR, "iamr", "uint64", HPT_ISA_2_07, HPT_ISA_3_1 },
	{ 157, SPR, "uamor", "uint64", HPT_ISA_2_06, HPT_ISA_3_1 },
	{ 349, SPR, "amor", "uint64", HPT_ISA_2_06, HPT_ISA_3_1 },
	{ SPR_SDR1, SPR, "sdr1", "uint64", HPT_ISA_2_01, HPT_ISA_2_07 },
	{ SPR_PTCR, SPR, "ptcr", "uint64", HPT_ISA_3_0, HPT_ISA_3_1 },
	{ SPR_LPCR, SPR, "lpcr", "uint64", HPT_ISA_2_03, HPT_ISA_3_1 },
	{ SPR_LPIDR, SPR, "lpidr", "uint64", HPT_ISA_2_03, HPT_ISA_3_1 },
	{ SPR_RMOR, SPR, "rmor", "uint64", HPT_ISA_2_03, HPT_ISA_2_07 },
	{ SPR_HRMOR, SPR, "hrmor", "uint64", HPT_ISA_2_03, HPT_ISA_3_1 },
	{ 304, SPR, "hsprg0", "uint64", HPT_ISA_2_03, HPT_ISA_3_1 },
	{ 305, SPR, "hsprg1", "uint64", HPT_ISA_2_03, HPT_ISA_3_1 },
	{ 314, SPR, "hsrr0", "code_ptr", HPT_ISA_2_03, HPT_ISA_3_1 },
	{ 315, SPR, "hsrr1", "uint64", HPT_ISA_2_03, HPT_ISA_3_1 },
	{ 307, SPR, "hdar", "data_ptr", HPT_ISA_2_05, HPT_ISA_3_1 },
	{ 306, SPR, "hdsisr", "uint64", HPT_ISA_2_05, HPT_ISA_3_1 },
	{ 816, SPR, "asdr", "uint64", HPT_ISA_3_0, HPT_ISA_3_1 },
	{ 338, SPR, "pcr", "uint64", HPT_ISA_2_05, HPT_ISA_3_1 },
	{ 153, SPR, "fscr", "uint64", HPT_ISA_2_07, HPT_ISA_3_1 },
	{ 190, SPR, "hfscr", "uint64", HPT_ISA_2_07, HPT_ISA_3_1 },
	{ 128, SPR, "tfhar", "code_ptr", HPT_ISA_2_07, HPT_ISA_3_0 },
	{ 129, SPR, "tfiar", "uint64", HPT_ISA_2_07, HPT_ISA_3_0 },
	{ 130, SPR, "texasr", "uint64", HPT_ISA_2_07, HPT_ISA_3_0 },
	{ 1008, SPR, "hid0", "uint64", HPT_ISA_2_01, HPT_ISA_3_1 },
};

/* What is said to be there: gdb has VSX only with the other two. */
static bool has_feature(uint32_t has, enum feature feature)
{
	static const uint32_t wanted[FEATURES] = {
		[FPU] = HPT_VCPU_HAS_FPU,
		[ALTIVEC] = HPT_VCPU_HAS_ALTIVEC,
		[VSX] = HPT_VCPU_HAS_FPU | HPT_VCPU_HAS_ALTIVEC | HPT_VCPU_HAS_VSX,
	};

	return (has & wanted[feature]) == wanted[feature];
}

/* Of what all vCPUs have alike: the architecture, and what a file of the monitor tells. */
static bool has_spr(const struct gdb_guest *guest, const struct spr *spr)
{
	const struct vcpu *vcpu = &guest->machine.vcpu;

	return vcpu->has_spr[spr->number] && vcpu->mmu.isa >= spr->since &&
	       vcpu->mmu.isa <= spr->until;
}

static unsigned put_value(const struct gdb_guest *guest, struct value value, unsigned bits,
			  unsigned char *bytes)
{
	unsigned len = bits / 8;

	for (unsigned i = 0; i < len; i++) {
		uint64_t word = i < 8 ? value.low : value.high;
		unsigned char byte = (unsigned char)(word >> (i % 8 * 8));

		bytes[guest->little ? i : len - 1 - i] = byte;
	}
	return len;
}

unsigned gdb_register(const struct gdb_guest *guest, unsigned number,
		      unsigned char bytes[GDB_REGISTER_BYTES], bool *known)
{
	struct value value = { 0, 0 };

	*known = true;
	for (size_t i = 0; i < COUNT(runs); i++) {
		const struct run *run = &runs[i];

		if (number < run->n) {
			if (!has_feature(guest->has, run->feature))
				return 0;
			*known = has_feature(guest->more.has, run->feature);
			return put_value(guest, run->get(guest, number), run->bits, bytes);
		}
		number -= run->n;
	}
	if (number >= COUNT(sprs) || !has_spr(guest, &sprs[number]))
		return 0;
	value.low = guest->machine.vcpu.spr[sprs[number].number];
	return put_value(guest, value, 64, bytes);
}

static void put_register(struct output *out, const char *name, unsigned i, unsigned bits,
			 const char *type, const char *group, unsigned number)
{
	const char *place = strchr(name, '%');

	put_text(out, "<reg name=\"");
	put_bytes(out, name, place ? (size_t)(place - name) : strlen(name));
	if (place) {
		put_number(out, i);
		put_text(out, place + 1);
	}
	put_text(out, "\" bitsize=\"");
	put_number(out, bits);
	put_text(out, "\" type=\"");
	put_text(out, type);
	if (group) {
		put_text(out, "\" group=\"");
		put_text(out, group);
	}
	put_text(out, "\" regnum=\"");
	put_number(out, number);
	put_text(out, "\"/>\n");
}

/* What a vector register may be seen as. */
static void put_vector_types(struct output *out)
{
	static const struct {
		const char *id;
		const char *type;
		const char *count;
		const char *field;
	} vectors[] = {
		{ "v4f", "ieee_single", "4", "v4_float" },
		{ "v4i32", "int32", "4", "v4_int32" },
		{ "v8i16", "int16", "8", "v8_int16" },
		{ "v16i8", "int8", "16", "v16_int8" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		put_text(out, "<vector id=\"");
		put_text(out, vectors[i].id);
		put_text(out, "\" type=\"");
		put_text(out, vectors[i].type);
		put_text(out, "\" count=\"");
		put_text(out, vectors[i].count);
		put_text(out, "\"/>\n");
	}
	put_text(out, "<union id=\"vec128\">\n<field name=\"uint128\" type=\"uint128\"/>\n");
	for (size_t i = 0; i < COUNT(vectors); i++) {
		put_text(out, "<field name=\"");
		put_text(out, vectors[i].field);
		put_text(out, "\" type=\"");
		put_text(out, vectors[i].id);
		put_text(out, "\"/>\n");
	}
	put_text(out, "</union>\n");
}

/* Returns how many registers of the feature there are; only counts without @out. */
static unsigned put_registers(struct output *out, const struct gdb_guest *guest,
			      enum feature feature)
{
	unsigned number = 0, n = 0;

	for (size_t i = 0; i < COUNT(runs); i++) {
		for (unsigned k = 0; k < runs[i].n; k++, number++) {
			if (runs[i].feature != feature || !has_feature(guest->has, feature))
				continue;
			if (out)
				put_register(out, runs[i].name, k, runs[i].bits, runs[i].type,
					     runs[i].group, number);
			n++;
		}
	}
	for (size_t i = 0; i < COUNT(sprs); i++, number++) {
		if (sprs[i].feature != feature || !has_spr(guest, &sprs[i]))
			continue;
		if (out)
			put_register(out, sprs[i].name, 0, 64, sprs[i].type, "spr", number);
		n++;
	}
	return n;
}

/* gdb takes a feature of its own whole or not at all: a description without one is refused. */
static bool is_whole(const struct gdb_guest *guest, enum feature feature)
{
	static const unsigned wanted[FEATURES] = { [EBB] = 3, [PMU] = 5 };
	unsigned n = put_registers(NULL, guest, feature);

	/* gdb wants ppr for dscr, and dscr for tar. */
	if ((feature == DSCR || feature == TAR) && !put_registers(NULL, guest, PPR))
		return false;
	return n && n >= wanted[feature];
}

void gdb_put_features(struct output *out, const struct gdb_guest *guest)
{
	put_text(out, "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
		      "<target version=\"1.0\">\n"
		      "<architecture>powerpc:common64</architecture>\n");
	for (unsigned i = 0; i < FEATURES; i++) {
		if (!is_whole(guest, (enum feature)i))
			continue;
		put_text(out, "<feature name=\"");
		put_text(out, feature_names[i]);
		put_text(out, "\">\n");
		if (i == ALTIVEC)
			put_vector_types(out);
		put_registers(out, guest, (enum feature)i);
		put_text(out, "</feature>\n");
	}
	put_text(out, "</target>\n");
}
