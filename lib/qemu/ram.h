/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_QEMU_RAM_H
#define HPT_QEMU_RAM_H

/* Flags in the low 12 bits of a record's header: QEMU's migration/ram.h. */
#define QEMU_RAM_FULL 0x001u
#define QEMU_RAM_ZERO 0x002u
#define QEMU_RAM_MEM_SIZE 0x004u
#define QEMU_RAM_PAGE 0x008u
#define QEMU_RAM_EOS 0x010u
#define QEMU_RAM_CONTINUE 0x020u
#define QEMU_RAM_XBZRLE 0x040u
#define QEMU_RAM_HOOK 0x080u
#define QEMU_RAM_COMPRESS_PAGE 0x100u
#define QEMU_RAM_MULTIFD_FLUSH 0x200u
#define QEMU_RAM_FLAGS 0xfffu

#endif /* HPT_QEMU_RAM_H */
