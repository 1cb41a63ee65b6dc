/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_HPT_H
#define HPT_HPT_H

/**
 * @file hpt/hpt.h
 * @brief All of libhpt. (libhpt-guest has its own header, hpt/guest.h.)
 */

#include <hpt/error.h>
#include <hpt/hpte.h>
#include <hpt/table.h>
#include <hpt/stream.h>
#include <hpt/memory.h>
#include <hpt/capture.h>
#include <hpt/debugfs.h>
#include <hpt/kvm.h>
#include <hpt/mmu.h>
#include <hpt/qemu.h>

HPT_BEGIN_DECLS

/**
 * @brief The version of the library that is running.
 * @return a static string such as "0.1.0"
 *
 * Threads: pure.
 */
HPT_API const char *hpt_version(void);

HPT_END_DECLS

#endif /* HPT_HPT_H */
