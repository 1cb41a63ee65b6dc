/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_KVM_H
#define HPT_KVM_H

/**
 * @file hpt/kvm.h
 * @brief The table of a guest that runs under KVM-HV, through the kernel's HTAB descriptor.
 *
 * @warning Reading clears the kernel's "modified" marks, one for each entry, shared by
 * every descriptor. A migration of the same guest that is under way then misses what
 * changed, and the destination is corrupt. Do not read the table of a guest that is being
 * migrated. The library gives the kernel room for the entries wanted and no more, but the
 * kernel fills it: where slots are empty it goes on to valid ones far behind.
 *
 * Opening a descriptor to read costs the kernel a wait of up to some milliseconds for all
 * CPUs (synchronize_srcu); one read of n entries opens one descriptor, reads once and closes
 * it. Only the process that created the VM may open one: another gets EIO.
 *
 * Source: Linux Documentation/virt/kvm/api.rst 4.74, 4.76 and 4.78, and what Linux 6.1 was
 * seen to do, which doc/kvm.md tells at length, each statement with the test that shows it.
 */

#include <stddef.h>
#include <stdint.h>

#include <hpt/error.h>
#include <hpt/hpte.h>
#include <hpt/table.h>

HPT_BEGIN_DECLS

/** @name Flags of an HTAB descriptor, as the kernel has them
 * @{ */
#define HPT_KVM_FD_BOLTED UINT64_C(1) /**< report only bolted entries as valid */
#define HPT_KVM_FD_WRITE UINT64_C(2)  /**< a descriptor to write, not to read */
/** @} */

/**
 * @brief Give a new HTAB descriptor.
 * @param arg hpt_kvm_options::arg
 * @param vm_fd the VM's descriptor, as given to hpt_kvm_open()
 * @param flags HPT_KVM_FD_*
 * @param start index from which a reading descriptor begins
 * @param fd receives the descriptor; the library closes it
 * @param err to fill on failure, never NULL
 * @return 0 or a code of enum #hpt_code
 */
typedef int hpt_kvm_open_fn(void *arg, int vm_fd, uint64_t flags, uint64_t start, int *fd,
			    struct hpt_error *err);

/** @name Bits of hpt_kvm_options::flags
 * @{ */
#define HPT_KVM_READ_ONLY 1u /**< never write */
/** Report only bolted entries (software bit #HPT_V_BOLTED) as valid. Such a look must
 *  never be loaded back: it says that all others are invalid. Implies read-only. */
#define HPT_KVM_BOLTED_ONLY 2u
/** @} */

/** @brief How to open a KVM guest's table. */
struct hpt_kvm_options {
	size_t size;              /**< sizeof(struct hpt_kvm_options) */
	uint32_t flags;           /**< HPT_KVM_* */
	hpt_kvm_open_fn *open_fd; /**< NULL: the ioctl KVM_PPC_GET_HTAB_FD */
	void *arg;                /**< given to hpt_kvm_options::open_fd */
};

/**
 * @brief Open the table of a KVM guest.
 * @param vm_fd the VM's descriptor; the caller's, and must stay open until
 *        hpt_table_close(). Not used when hpt_kvm_options::open_fd is set, but handed on.
 * @param order log2 of the table's bytes, 18 to 36: what KVM_PPC_ALLOCATE_HTAB gave. The
 *        kernel has no call that tells it.
 * @param options NULL: read and write, by ioctl
 * @param out receives the handle
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_UNSUPPORTED: not a build for POWER, and no hpt_kvm_options::open_fd;
 *         #HPT_ERR_ORDER; #HPT_ERR_ARGUMENT; #HPT_ERR_MEMORY. No descriptor is opened yet.
 *
 * hpt_table_read() and hpt_table_each() may return #HPT_ERR_NO_HPT (the kernel gives
 * nothing: the guest uses radix, or the VM has no table, or a smaller one);
 * #HPT_ERR_CONTRADICTION (the kernel's table ends elsewhere than @p order says);
 * #HPT_ERR_SYSTEM (with errno: EIO from the ioctl when another process made the VM, EBADF,
 * ENOTTY, ...); the errors of hpt_decoder_next() when the kernel's bytes make no sense.
 * A read of up to 4,096 entries allocates nothing; a longer one makes the handle's buffer
 * grow (#HPT_ERR_MEMORY), for nothing is put out before all is read.
 *
 * hpt_table_write() and hpt_table_clear() may return #HPT_ERR_BUSY (EBUSY: a vCPU runs);
 * #HPT_ERR_REFUSED (EIO: the kernel's H_ENTER refuses the entry: a segment size B of 2 or 3,
 * a page that does not lie whole in one memory slot or is larger than the host's pages
 * there; what was in that slot before is gone; EINVAL: an LP encoding that it does not know;
 * what was there stays);
 * #HPT_ERR_NO_HPT (EINVAL for each entry: there is no table); #HPT_ERR_SYSTEM.
 * hpt_error::ptex is the first entry that was not written. An entry of an address without
 * any memory slot is taken.
 *
 * hpt_table_next_change() keeps a descriptor open until hpt_table_close(), during which
 * the guest's hypercalls cost more. Its first pass reports every slot; later ones what was
 * written or changed by a hypercall, and where the CPU has set R or C since. An entry that
 * has both is not reported again, however often the guest stores there: that is for KVM's
 * dirty log to tell.
 *
 * Threads: all calls on one handle are exclusive, const ones too (they share a buffer).
 */
HPT_API int hpt_kvm_open(int vm_fd, unsigned order, const struct hpt_kvm_options *options,
			 struct hpt_table **out, struct hpt_error *err);

/**
 * @brief The page sizes that a VM's kernel offers: ioctl KVM_PPC_GET_SMMU_INFO.
 * @param vm_fd the VM's descriptor
 * @param out receives the page sizes
 * @param err see hpt/error.h
 * @return 0; #HPT_ERR_UNSUPPORTED: not a build for POWER; #HPT_ERR_SYSTEM: the ioctl
 *         failed; #HPT_ERR_FORMAT: an encoding that cannot be
 *
 * Threads: pure, but for the descriptor.
 */
HPT_API int hpt_kvm_page_sizes(int vm_fd, struct hpt_page_sizes *out,
			       struct hpt_error *err);

HPT_END_DECLS

#endif /* HPT_KVM_H */
