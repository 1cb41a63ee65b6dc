/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What is known of a source, and of this build. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <hpt/capture.h>
#include <hpt/debugfs.h>
#ifdef HAVE_LIBARCHIVE
#include <archive.h>
#endif
#ifdef HAVE_JANSSON
#include <jansson.h>
#endif
#ifdef HAVE_LIBXML2
#include <libxml/xmlversion.h>
#endif
#ifdef HAVE_LIBELF
#include <elfutils/version.h>
#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
#define HPT_LIBELF_VERSION "0." TEXT(_ELFUTILS_VERSION)
#endif
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#include "internal.h"

const char *hpt_source_kind_name(enum hpt_source_kind kind)
{
	switch (kind) {
	case HPT_SOURCE_QEMU:
		return "qemu";
	case HPT_SOURCE_STREAM:
		return "kvm-stream";
	case HPT_SOURCE_IMAGE:
		return "image";
	case HPT_SOURCE_LISTING:
		return "kvm-debugfs";
	case HPT_SOURCE_CORE:
		return "core";
	case HPT_SOURCE_KDUMP:
		return "kdump";
	default:
		return NULL;
	}
}

static enum hpt_guest_mmu saved_mmu(const struct hpt_qemu_info *info)
{
	switch (info->htab) {
	case HPT_QEMU_HTAB_NONE:
		return HPT_GUEST_MMU_RADIX;
	case HPT_QEMU_HTAB_READING:
	case HPT_QEMU_HTAB_WHOLE:
		return HPT_GUEST_MMU_HASH;
	default:
		return HPT_GUEST_MMU_OWN;
	}
}

static int saved_info(const struct hpt_guest *guest, struct hpt_guest_info *known,
		      struct hpt_error *err)
{
	struct hpt_qemu_info info = { .size = sizeof(info) };
	int r;

	if (!guest->qemu)
		return 0;
	r = hpt_qemu_info(guest->qemu, &info, err);
	if (r)
		return r;
	known->machine = info.machine;
	known->mmu = saved_mmu(&info);
	known->order = info.order;
	known->order_found = info.order != 0;
	known->ram_blocks = info.ram_blocks;
	known->ram_bytes = info.ram_bytes;
	known->rounds = info.htab_rounds;
	known->chunks = info.htab_chunks;
	return 0;
}

static int stream_info(const struct hpt_guest *guest, struct hpt_guest_info *known,
		       struct hpt_error *err)
{
	struct hpt_capture_info info = { .size = sizeof(info) };
	int r = hpt_capture_info(guest->table, &info, err);

	if (r)
		return r;
	known->mmu = HPT_GUEST_MMU_HASH;
	known->order = hpt_table_order(guest->table);
	known->order_found = info.order_found;
	known->order_guessed = info.order_guessed;
	known->dialect = info.dialect;
	known->rounds = info.summary.passes;
	known->chunks = info.summary.chunks;
	return 0;
}

static int listing_info(const struct hpt_guest *guest, struct hpt_guest_info *known,
			struct hpt_error *err)
{
	struct hpt_debugfs_info info = { .size = sizeof(info) };
	int r = hpt_debugfs_info(guest->table, &info, err);

	if (r)
		return r;
	/* An empty one is of a radix guest as likely as not. */
	known->mmu = info.listed ? HPT_GUEST_MMU_HASH : HPT_GUEST_MMU_UNKNOWN;
	known->order = hpt_table_order(guest->table);
	known->order_guessed = info.order_inferred;
	known->rounds = 1;
	return 0;
}

static int image_info(const struct hpt_guest *guest, struct hpt_guest_info *known)
{
	known->mmu = HPT_GUEST_MMU_HASH;
	known->order = hpt_table_order(guest->table);
	known->order_found = true;
	known->rounds = 1;
	return 0;
}

/* Which blocks its memory was in is not said. */
static int kdump_info(const struct hpt_guest *guest, struct hpt_guest_info *known)
{
	known->ram_bytes = guest_kdump_bytes(guest->kdump);
	return 0;
}

int hpt_guest_info(const struct hpt_guest *guest, struct hpt_guest_info *info,
		   struct hpt_error *err)
{
	struct hpt_guest_info known = { .size = sizeof(known), .machine = "" };
	int r;

	if (!guest || !info)
		return guest_fail(err, HPT_ERR_ARGUMENT, "hpt_guest_info: a NULL");
	known.kind = guest->kind;
	known.compression = guest->source.compression;
	known.run_state = guest->run_state;
	known.vcpus = guest->vcpus;
	known.file_bytes = guest->source.regular ? guest->source.base + guest->source.size : 0;
	known.container = guest->container.name ? guest->container.name : "";
	known.container_details = guest->container.details;
	if (guest->kind == HPT_SOURCE_QEMU)
		r = saved_info(guest, &known, err);
	else if (guest->kind == HPT_SOURCE_STREAM)
		r = stream_info(guest, &known, err);
	else if (guest->kind == HPT_SOURCE_LISTING)
		r = listing_info(guest, &known, err);
	else if (guest->kind == HPT_SOURCE_CORE)
		r = guest_core_info(guest, &known);
	else if (guest->kdump)
		r = kdump_info(guest, &known);
	else
		r = image_info(guest, &known);
	return r ? r : guest_result_out(info, &known, sizeof(known), "hpt_guest_info", err);
}

int hpt_guest_block(const struct hpt_guest *guest, size_t i, struct hpt_guest_block *block,
		    struct hpt_error *err)
{
	struct hpt_guest_block known = { .size = sizeof(known) };
	struct hpt_qemu_block ram = { .size = sizeof(ram) };
	int r;

	if (!guest || !block || (!guest->qemu && !guest->core))
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "hpt_guest_block: a NULL, or a source without RAM");
	r = guest->core ? guest_core_block(guest, i, &known, err)
			: hpt_qemu_block(guest->qemu, i, &ram, err);
	if (r)
		return r;
	if (guest->qemu) {
		known.name = ram.name;
		known.length = ram.length;
	}
	return guest_result_out(block, &known, sizeof(known), "hpt_guest_block", err);
}

int hpt_guest_xml(const struct hpt_guest *guest, const char **xml, size_t *len,
		  struct hpt_error *err)
{
	if (!guest || !xml || !len)
		return guest_fail(err, HPT_ERR_ARGUMENT, "hpt_guest_xml: a NULL");
	if (!guest->container.xml)
		return guest_fail(err, HPT_ERR_UNSUPPORTED,
				  "no domain XML: only a save image of libvirt has one");
	*xml = guest->container.xml;
	*len = guest->container.xml_len;
	return 0;
}

const char *hpt_guest_warning(const struct hpt_guest *guest, size_t i)
{
	if (!guest)
		return NULL;
	if (i < guest->n_warnings)
		return guest->warnings[i];
	return guest->qemu ? hpt_qemu_warning(guest->qemu, i - guest->n_warnings) : NULL;
}

const char *hpt_guest_feature(size_t i)
{
	static const char *const features[] = {
#ifdef HAVE_LIBARCHIVE
		"compressed files: libarchive " ARCHIVE_VERSION_ONLY_STRING,
#else
		"compressed files: no (built without libarchive)",
#endif
#ifdef HAVE_JANSSON
		"QEMU's description of device state: jansson " JANSSON_VERSION,
#else
		"QEMU's description of device state: no (built without jansson)",
#endif
#ifdef HAVE_LIBFDT
		"device trees: libfdt",
#else
		"device trees: no (built without libfdt)",
#endif
#ifdef HAVE_LIBXML2
		"memory by libvirt's XML: libxml2 " LIBXML_DOTTED_VERSION,
#else
		"memory by libvirt's XML: no (built without libxml2)",
#endif
#ifdef HAVE_LIBELF
		"ELF cores: libelf " HPT_LIBELF_VERSION,
#else
		"ELF cores: no (built without libelf)",
#endif
#ifdef HAVE_ZLIB
		"pages compressed by QEMU: zlib " ZLIB_VERSION,
#else
		"pages compressed by QEMU: no (built without zlib)",
#endif
	};

	return i < sizeof(features) / sizeof(features[0]) ? features[i] : NULL;
}
