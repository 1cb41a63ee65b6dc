/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The ELF structures of a core, by libelf; every offset is held against the file's size before
 * it is used. Source: System V ABI, ELF-64 object file format.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <string.h>

#include "core.h"

uint64_t core_get(const unsigned char *from, size_t size, bool little)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < size; i++)
		value = value << 8 | from[little ? size - 1 - i : i];
	return value;
}

void core_put(unsigned char *to, size_t size, uint64_t value, bool little)
{
	size_t i;

	for (i = 0; i < size; i++, value >>= 8)
		to[little ? i : size - 1 - i] = (unsigned char)value;
}

#ifdef HAVE_LIBELF
#include <libelf.h>

#define NOTE_ALIGN 4
#define NOTE_HEADER 12

static int beyond(struct hpt_error *err, const struct core_elf *elf, uint64_t at,
		  const char *what)
{
	return guest_fail_offset(err, HPT_ERR_TRUNCATED, at,
				 "ELF core: %s at offset %llu of a file of %llu bytes", what,
				 (unsigned long long)at, (unsigned long long)elf->size);
}

static bool fits(const struct core_elf *elf, uint64_t at, uint64_t len)
{
	return at <= elf->size && len <= elf->size - at;
}

int core_read_at(const struct hpt_guest *guest, uint64_t at, void *bytes, size_t len,
		 struct hpt_error *err)
{
	uint64_t start = guest->spool >= 0 ? 0 : guest->source.start;

	return guest_read_at(guest_memory_fd(guest), start + at, bytes, len, err);
}

/* Bytes of the file as a structure of this host; of 32 bits or 64. */
static int to_host(const struct core_elf *elf, Elf_Type type, unsigned char *bytes, size_t len,
		   void *out, size_t size, struct hpt_error *err)
{
	unsigned int order = elf->little ? ELFDATA2LSB : ELFDATA2MSB;
	Elf_Data from = {
		.d_buf = bytes, .d_type = type, .d_version = EV_CURRENT, .d_size = len
	};
	Elf_Data to = { .d_buf = out, .d_version = EV_CURRENT, .d_size = size };

	elf_version(EV_CURRENT);
	if (!(elf->wide ? elf64_xlatetom(&to, &from, order)
			: elf32_xlatetom(&to, &from, order)))
		return guest_fail(err, HPT_ERR_FORMAT, "ELF core: libelf: %s", elf_errmsg(-1));
	return 0;
}

static int refuse(struct hpt_error *err, const char *what, unsigned int found,
		  const char *expected)
{
	return guest_fail_offset(err, HPT_ERR_UNSUPPORTED, 0,
				 "an ELF file whose %s is %u, expected %s", what, found,
				 expected);
}

/* The number of program headers where there are too many for the header: it is in section 0. */
static int many(const struct hpt_guest *guest, struct core_elf *elf, uint64_t shoff,
		struct hpt_error *err)
{
	unsigned char bytes[sizeof(Elf64_Shdr)];
	size_t len = elf->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	Elf64_Shdr wide;
	Elf32_Shdr narrow;
	int r;

	if (!fits(elf, shoff, len))
		return beyond(err, elf, shoff, "a section header");
	r = core_read_at(guest, shoff, bytes, len, err);
	if (!r && elf->wide)
		r = to_host(elf, ELF_T_SHDR, bytes, len, &wide, sizeof(wide), err);
	else if (!r)
		r = to_host(elf, ELF_T_SHDR, bytes, len, &narrow, sizeof(narrow), err);
	if (!r)
		elf->n = elf->wide ? wide.sh_info : narrow.sh_info;
	return r;
}

struct header {
	unsigned int type;
	unsigned int machine;
	uint64_t phoff;
	uint64_t shoff;
	unsigned int entsize;
	unsigned int n;
};

static int read_header(const struct hpt_guest *guest, const struct core_elf *elf,
		       struct header *header, struct hpt_error *err)
{
	size_t len = elf->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	unsigned char bytes[sizeof(Elf64_Ehdr)];
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;
	int r;

	if (!fits(elf, 0, len))
		return beyond(err, elf, 0, "a header");
	r = core_read_at(guest, 0, bytes, len, err);
	if (!r && elf->wide)
		r = to_host(elf, ELF_T_EHDR, bytes, len, &wide, sizeof(wide), err);
	else if (!r)
		r = to_host(elf, ELF_T_EHDR, bytes, len, &narrow, sizeof(narrow), err);
	if (r)
		return r;
	if (elf->wide)
		*header = (struct header){ wide.e_type,  wide.e_machine,   wide.e_phoff,
					   wide.e_shoff, wide.e_phentsize, wide.e_phnum };
	else
		*header =
			(struct header){ narrow.e_type,  narrow.e_machine,   narrow.e_phoff,
					 narrow.e_shoff, narrow.e_phentsize, narrow.e_phnum };
	return 0;
}

static int take_header(struct hpt_guest *guest, struct core_elf *elf, struct hpt_error *err)
{
	struct header header = { 0 };
	int r = read_header(guest, elf, &header, err);

	if (r)
		return r;
	if (header.type != ET_CORE)
		return refuse(err, "type", header.type, "4, a core");
	if (header.machine != EM_PPC64 && header.machine != EM_PPC)
		return refuse(err, "machine", header.machine, "21, PowerPC of 64 bits, or 20");
	if (header.entsize != (elf->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
		return refuse(err, "size of a program header", header.entsize,
			      elf->wide ? "56" : "32");
	elf->phoff = header.phoff;
	elf->entsize = header.entsize;
	elf->n = header.n;
	if (header.n == PN_XNUM)
		r = many(guest, elf, header.shoff, err);
	if (!r && !fits(elf, elf->phoff, (uint64_t)elf->n * elf->entsize))
		r = beyond(err, elf, elf->phoff, "program headers");
	return r;
}

int core_elf_read(struct hpt_guest *guest, struct core_elf *elf, struct hpt_error *err)
{
	unsigned char ident[EI_NIDENT];
	int r;

	if (!fits(elf, 0, sizeof(ident)))
		return beyond(err, elf, 0, "a header");
	r = core_read_at(guest, 0, ident, sizeof(ident), err);
	if (r)
		return r;
	if (memcmp(ident, ELFMAG, SELFMAG))
		return guest_fail_offset(err, HPT_ERR_FORMAT, 0,
					 "not an ELF file: no \"\\177ELF\" at its start");
	if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
		return refuse(err, "class", ident[EI_CLASS], "1 or 2");
	if (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB)
		return refuse(err, "byte order", ident[EI_DATA], "1 or 2");
	elf->wide = ident[EI_CLASS] == ELFCLASS64;
	elf->little = ident[EI_DATA] == ELFDATA2LSB;
	return take_header(guest, elf, err);
}

/* Its place was checked with all the others. */
int core_elf_segment(const struct hpt_guest *guest, const struct core_elf *elf, size_t i,
		     struct core_segment *segment, struct hpt_error *err)
{
	unsigned char bytes[sizeof(Elf64_Phdr)];
	Elf64_Phdr wide;
	Elf32_Phdr narrow;
	int r = core_read_at(guest, elf->phoff + (uint64_t)i * elf->entsize, bytes,
			     elf->entsize, err);

	if (!r && elf->wide)
		r = to_host(elf, ELF_T_PHDR, bytes, elf->entsize, &wide, sizeof(wide), err);
	else if (!r)
		r = to_host(elf, ELF_T_PHDR, bytes, elf->entsize, &narrow, sizeof(narrow),
			    err);
	if (r)
		return r;
	if (elf->wide)
		*segment = (struct core_segment){ wide.p_type,  wide.p_offset, wide.p_vaddr,
						  wide.p_paddr, wide.p_filesz, wide.p_memsz };
	else
		*segment = (struct core_segment){ narrow.p_type,   narrow.p_offset,
						  narrow.p_vaddr,  narrow.p_paddr,
						  narrow.p_filesz, narrow.p_memsz };
	return 0;
}

static uint64_t aligned(uint64_t n)
{
	return (n + NOTE_ALIGN - 1) / NOTE_ALIGN * NOTE_ALIGN;
}

/* The note at @at, of notes that end at @end, which lies in the file. */
int core_elf_note(const struct hpt_guest *guest, const struct core_elf *elf, uint64_t at,
		  uint64_t end, struct core_note *note, struct hpt_error *err)
{
	unsigned char head[NOTE_HEADER];
	uint64_t name_len, name_at = at + NOTE_HEADER, left;
	int r;

	if (end - at < NOTE_HEADER)
		return beyond(err, elf, at, "a note that is cut");
	r = core_read_at(guest, at, head, sizeof(head), err);
	if (r)
		return r;
	name_len = core_get(head, 4, elf->little);
	note->len = (uint32_t)core_get(head + 4, 4, elf->little);
	note->type = (uint32_t)core_get(head + 8, 4, elf->little);
	left = end - name_at;
	/* The last one may lack the bytes that align it. */
	if (aligned(name_len) > left || note->len > left - aligned(name_len))
		return beyond(err, elf, at, "a note that leads beyond its segment");
	memset(note->name, 0, sizeof(note->name));
	if (name_len < sizeof(note->name))
		r = core_read_at(guest, name_at, note->name, (size_t)name_len, err);
	note->at = name_at + aligned(name_len);
	note->next = note->at + aligned(note->len);
	return r;
}

size_t core_elf_bytes(size_t n)
{
	return sizeof(Elf64_Ehdr) + n * sizeof(Elf64_Phdr) +
	       (n >= PN_XNUM ? sizeof(Elf64_Shdr) : 0);
}

/* A structure of this host as bytes of the file. */
static unsigned char *to_file(Elf_Type type, void *from, size_t size, bool little,
			      unsigned char *to)
{
	Elf_Data in = {
		.d_buf = from, .d_type = type, .d_version = EV_CURRENT, .d_size = size
	};
	Elf_Data out = { .d_buf = to, .d_version = EV_CURRENT, .d_size = size };

	return elf64_xlatetof(&out, &in, little ? ELFDATA2LSB : ELFDATA2MSB) ? to + size
									     : NULL;
}

static unsigned char *put_header(size_t n, bool little, unsigned char *to)
{
	Elf64_Ehdr header = {
		.e_ident = ELFMAG,
		.e_type = ET_CORE,
		.e_machine = EM_PPC64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_flags = little ? 2 : 0, /* the ABI: ELFv2 */
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = n < PN_XNUM ? (Elf64_Half)n : PN_XNUM,
	};

	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = little ? ELFDATA2LSB : ELFDATA2MSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	if (n >= PN_XNUM) {
		header.e_shoff = sizeof(Elf64_Ehdr) + n * sizeof(Elf64_Phdr);
		header.e_shentsize = sizeof(Elf64_Shdr);
		header.e_shnum = 1;
	}
	return to_file(ELF_T_EHDR, &header, sizeof(header), little, to);
}

static unsigned char *put_segment(const struct core_segment *segment, bool little,
				  unsigned char *to)
{
	Elf64_Phdr header = {
		.p_type = segment->type,
		.p_flags = segment->type == PT_LOAD ? PF_R | PF_W | PF_X : PF_R,
		.p_offset = segment->at,
		.p_vaddr = segment->vaddr,
		.p_paddr = segment->ra,
		.p_filesz = segment->filesz,
		.p_memsz = segment->memsz,
		.p_align = segment->type == PT_NOTE ? NOTE_ALIGN : 0,
	};

	return to_file(ELF_T_PHDR, &header, sizeof(header), little, to);
}

int core_elf_make(const struct core_segment *segments, size_t n, bool little,
		  unsigned char *bytes, struct hpt_error *err)
{
	Elf64_Shdr section = { .sh_info = (Elf64_Word)n };
	unsigned char *to;
	size_t i;

	elf_version(EV_CURRENT);
	to = put_header(n, little, bytes);
	for (i = 0; to && i < n; i++)
		to = put_segment(&segments[i], little, to);
	if (to && n >= PN_XNUM)
		to = to_file(ELF_T_SHDR, &section, sizeof(section), little, to);
	return to ? 0
		  : guest_fail(err, HPT_ERR_FORMAT, "ELF core: libelf: %s", elf_errmsg(-1));
}
#endif
