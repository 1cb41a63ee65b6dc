/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A vCPU, as far as translation needs it, and the forms in which others have one.
 */

#include "internal.h"

int hpt_check_struct_size(const void *p, size_t known, const char *what, struct hpt_error *err)
{
	size_t size;

	if (!p)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "struct %s: NULL", what);
	memcpy(&size, p, sizeof(size));
	if (size < known)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"struct %s: size is %zu, expected at least %zu", what, size,
				known);
	return HPT_OK;
}

int hpt_check_struct(const void *p, size_t known, const char *what, struct hpt_error *err)
{
	const unsigned char *bytes = p;
	size_t size;
	int ret = hpt_check_struct_size(p, known, what, err);

	if (ret)
		return ret;
	memcpy(&size, p, sizeof(size));
	for (size_t i = known; i < size; i++)
		if (bytes[i])
			return hpt_fail(
				err, HPT_ERR_ARGUMENT,
				"struct %s: byte %zu is not zero and this library knows "
				"only %zu bytes",
				what, i, known);
	return HPT_OK;
}

static int check_sizes(const struct hpt_page_sizes *sizes, struct hpt_error *err)
{
	if (!sizes)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "struct hpt_cpu: no page sizes");
	if (!sizes->n || sizes->n > HPT_BASE_SIZES_MAX)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"struct hpt_cpu: %u base page sizes, expected 1 to %d",
				sizes->n, HPT_BASE_SIZES_MAX);
	return HPT_OK;
}

int hpt_check_cpu(const struct hpt_cpu *cpu, struct hpt_error *err)
{
	int ret = hpt_check_struct(cpu, sizeof(*cpu), "hpt_cpu", err);

	if (ret)
		return ret;
	if (cpu->slb_n > HPT_SLB_MAX)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"struct hpt_cpu: %u SLB slots, expected at most %d",
				cpu->slb_n, HPT_SLB_MAX);
	if ((unsigned)cpu->platform > HPT_PLATFORM_NO_HV)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "struct hpt_cpu: platform is %d",
				(int)cpu->platform);
	ret = check_sizes(cpu->sizes, err);
	if (!ret && cpu->linux_rule)
		ret = hpt_check_linux(cpu->linux_rule, cpu->sizes, err);
	return ret;
}

static const enum hpt_isa isa_of[HPT_CPU_COUNT] = {
	[HPT_CPU_970] = HPT_ISA_2_01,    [HPT_CPU_POWER5P] = HPT_ISA_2_03,
	[HPT_CPU_POWER6] = HPT_ISA_2_05, [HPT_CPU_POWER7] = HPT_ISA_2_06,
	[HPT_CPU_POWER8] = HPT_ISA_2_07, [HPT_CPU_POWER9] = HPT_ISA_3_0,
	[HPT_CPU_POWER10] = HPT_ISA_3_1,
};

int hpt_cpu_init(struct hpt_cpu *cpu, enum hpt_processor processor, enum hpt_platform platform,
		 struct hpt_error *err)
{
	size_t size;

	int ret = hpt_check_struct_size(cpu, sizeof(*cpu), "hpt_cpu", err);

	if (ret)
		return ret;
	size = cpu->size;
	if ((unsigned)processor >= HPT_CPU_COUNT || (unsigned)platform > HPT_PLATFORM_NO_HV)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"CPU: processor %d on platform %d is not known",
				(int)processor, (int)platform);
	memset(cpu, 0, size);
	cpu->size = size;
	cpu->isa = isa_of[processor];
	cpu->platform = platform;
	cpu->sizes = hpt_page_sizes_of(processor);
	cpu->msr = HPT_MSR_SF | HPT_MSR_IR | HPT_MSR_DR;
	return HPT_OK;
}

struct pvr {
	uint32_t mask, value;
	enum hpt_processor processor;
};

static const struct pvr pvrs[] = {
	{ 0xFFFF0000, 0x00390000, HPT_CPU_970 },     /* 970 */
	{ 0xFFFF0000, 0x003C0000, HPT_CPU_970 },     /* 970FX */
	{ 0xFFFF0000, 0x00440000, HPT_CPU_970 },     /* 970MP */
	{ 0xFFFF0000, 0x00450000, HPT_CPU_970 },     /* 970GX */
	{ 0xFFFF0000, 0x003B0000, HPT_CPU_POWER5P }, /* POWER5+ */
	{ 0xFFFF0000, 0x003E0000, HPT_CPU_POWER6 },  /* POWER6 */
	{ 0xFFFF0000, 0x003F0000, HPT_CPU_POWER7 },  /* POWER7 */
	{ 0xFFFF0000, 0x004A0000, HPT_CPU_POWER7 },  /* POWER7+ */
	{ 0xFFFF0000, 0x004B0000, HPT_CPU_POWER8 },  /* POWER8E */
	{ 0xFFFF0000, 0x004C0000, HPT_CPU_POWER8 },  /* POWER8NVL */
	{ 0xFFFF0000, 0x004D0000, HPT_CPU_POWER8 },  /* POWER8 */
	{ 0xFFFF0000, 0x004E0000, HPT_CPU_POWER9 },  /* POWER9 */
	{ 0xFFFF0000, 0x00800000, HPT_CPU_POWER10 }, /* POWER10 */
	/* PAPR's logical versions. */
	{ 0xFFFFFFFF, 0x0F000002, HPT_CPU_POWER6 },
	{ 0xFFFFFFFF, 0x0F000003, HPT_CPU_POWER7 },
	{ 0xFFFFFFFF, 0x0F100003, HPT_CPU_POWER7 },
	{ 0xFFFFFFFF, 0x0F000004, HPT_CPU_POWER8 },
	{ 0xFFFFFFFF, 0x0F000005, HPT_CPU_POWER9 },
	{ 0xFFFFFFFF, 0x0F000006, HPT_CPU_POWER10 },
};

int hpt_processor_from_pvr(uint32_t pvr, enum hpt_processor *out, struct hpt_error *err)
{
	for (size_t i = 0; i < sizeof(pvrs) / sizeof(pvrs[0]); i++) {
		if ((pvr & pvrs[i].mask) != pvrs[i].value)
			continue;
		*out = pvrs[i].processor;
		return HPT_OK;
	}
	return hpt_fail(
		err, HPT_ERR_UNSUPPORTED,
		"PVR %#x is of no processor with a hashed page table that is known here", pvr);
}

#define SREGS_SDR1 8u
#define SREGS_SLB 16u
#define SREGS_BYTES (SREGS_SLB + HPT_SLB_MAX * 16u)

/* Put an entry of struct kvm_sregs back to its slot. */
static int unpack_entry(struct hpt_cpu *to, struct hpt_slb_entry entry, size_t at,
			struct hpt_error *err)
{
	uint64_t slot = entry.esid & HPT_SLB_INDEX;

	if (!(entry.esid & HPT_SLB_VALID))
		return HPT_OK;
	if (slot >= HPT_SLB_MAX)
		return hpt_fail_offset(
			err, HPT_ERR_FORMAT, at,
			"struct kvm_sregs: the SLB entry at byte %zu is for slot "
			"%llu, expected 0 to %d",
			at, ULL(slot), HPT_SLB_MAX - 1);
	if (to->slb[slot].esid & HPT_SLB_VALID)
		return hpt_fail_offset(
			err, HPT_ERR_FORMAT, at,
			"struct kvm_sregs: the SLB entry at byte %zu is for slot "
			"%llu, as one before it",
			at, ULL(slot));
	entry.esid &= ~HPT_SLB_INDEX;
	to->slb[slot] = entry;
	if (to->slb_n <= slot)
		to->slb_n = (uint32_t)slot + 1;
	return HPT_OK;
}

int hpt_cpu_from_kvm_sregs(struct hpt_cpu *cpu, const void *bytes, size_t len,
			   enum hpt_byte_order order, struct hpt_error *err)
{
	uint64_t (*load)(const void *) =
		order == HPT_BIG_ENDIAN ? hpt_load_be64 : hpt_load_le64;
	const unsigned char *p = bytes;
	struct hpt_cpu found = { 0 };
	int ret = hpt_check_struct(cpu, sizeof(*cpu), "hpt_cpu", err);

	if (ret)
		return ret;
	if (!p)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "struct kvm_sregs: NULL");
	if (len < SREGS_BYTES)
		return hpt_fail_offset(err, HPT_ERR_TRUNCATED, len,
				       "struct kvm_sregs has %zu bytes, expected at least %u",
				       len, SREGS_BYTES);
	for (size_t at = SREGS_SLB; at < SREGS_BYTES; at += 16) {
		struct hpt_slb_entry entry = { load(p + at), load(p + at + 8) };

		ret = unpack_entry(&found, entry, at, err);
		if (ret)
			return ret;
	}
	cpu->sdr1 = load(p + SREGS_SDR1);
	cpu->slb_n = found.slb_n;
	memcpy(cpu->slb, found.slb, sizeof(found.slb));
	return HPT_OK;
}

/* Do two segments share an address? The larger one decides. */
static bool overlap(const struct hpt_slb_entry *a, const struct hpt_slb_entry *b)
{
	unsigned sa = hpt_slb_shift(a->vsid), sb = hpt_slb_shift(b->vsid);
	unsigned shift = sa > sb ? sa : sb;

	return sa && sb && a->esid & HPT_SLB_VALID && !((a->esid ^ b->esid) >> shift);
}

static struct hpt_slb_entry *free_slot(struct hpt_cpu *cpu)
{
	if (cpu->slb_n < HPT_SLB_MAX)
		return &cpu->slb[cpu->slb_n++];
	for (unsigned i = 0; i < HPT_SLB_MAX; i++)
		if (!(cpu->slb[i].esid & HPT_SLB_VALID))
			return &cpu->slb[i];
	return NULL;
}

int hpt_cpu_add_segment(struct hpt_cpu *cpu, const struct hpt_slb_entry *entry,
			struct hpt_error *err)
{
	struct hpt_slb_entry *slot;
	int ret = hpt_check_cpu(cpu, err);

	if (ret)
		return ret;
	if (!entry)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "SLB entry: NULL");
	if (!(entry->esid & HPT_SLB_VALID))
		return HPT_OK;
	if (!hpt_slb_shift(entry->vsid))
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"SLB entry %#llx %#llx: B is %u, expected 0 (256M) or 1 (1T)",
				ULL(entry->esid), ULL(entry->vsid),
				(unsigned)(entry->vsid >> HPT_SLB_B_SHIFT));
	for (unsigned i = 0; i < cpu->slb_n; i++)
		if (overlap(&cpu->slb[i], entry))
			return HPT_OK;
	slot = free_slot(cpu);
	if (!slot)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"SLB entry %#llx: all %d slots are in use", ULL(entry->esid),
				HPT_SLB_MAX);
	*slot = (struct hpt_slb_entry){ entry->esid & ~HPT_SLB_INDEX, entry->vsid };
	return HPT_OK;
}

#define SHADOW_HEADER 16u

int hpt_cpu_add_slb_shadow(struct hpt_cpu *cpu, const void *bytes_be, size_t len,
			   struct hpt_error *err)
{
	const unsigned char *p = bytes_be;
	uint32_t n;
	int ret = HPT_OK;

	if (!p)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "SLB shadow buffer: NULL");
	if (len < SHADOW_HEADER)
		return hpt_fail_offset(err, HPT_ERR_TRUNCATED, len,
				       "SLB shadow buffer: %zu bytes, expected at least %u",
				       len, SHADOW_HEADER);
	n = hpt_load_be32(p);
	if ((len - SHADOW_HEADER) / 16 < n)
		return hpt_fail_offset(
			err, HPT_ERR_TRUNCATED, len,
			"SLB shadow buffer: %zu bytes do not hold the %u entries "
			"that it announces",
			len, n);
	for (p += SHADOW_HEADER; n && !ret; n--, p += 16) {
		struct hpt_slb_entry entry = { hpt_load_be64(p), hpt_load_be64(p + 8) };

		ret = hpt_cpu_add_segment(cpu, &entry, err);
	}
	return ret;
}
