/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_QMP_H
#define HPT_QMP_H

/**
 * @file hpt/qmp.h
 * @brief libhpt-guest: a guest that runs, through its QEMU's monitor (QMP).
 *
 * The guest's state comes as QEMU would send it to another host: a socket is handed to QEMU,
 * QEMU migrates the guest into it, and here the stream is read as a saved guest is; nothing is
 * written to a file. Then the guest goes on where it was.
 *
 * @par A look that fails
 * QEMU without KVM (TCG) does not survive it, nor does the guest, if the migration's stream
 * breaks in its last part, before the guest's table came: it ends at an assertion (seen in QEMU
 * 7.2, hw/ppc/spapr.c: htab_save_later_pass). To cancel a migration breaks its stream, too, at a
 * moment that nobody can choose. So there a migration that was begun is read to its end,
 * whatever failed, and nothing of it kept: the guest runs, but for the last part, and then goes
 * on. With KVM it is cancelled.
 *
 * @par What a caller owes the guest
 * From #HPT_QMP_BEGIN to #HPT_QMP_END the guest may stand still, and only somebody who talks to
 * QEMU can let it go on. hpt_qmp_open_guest() does so whatever fails, a broken connection
 * included, but not once its process is gone. A program that may be killed forks a second
 * process in its #hpt_qmp_watch_fn at #HPT_QMP_BEGIN, which calls hpt_qmp_restore() when the
 * first one ends without #HPT_QMP_END, or has not been heard of for a while; the command hpt
 * does. Such a process has hpt_qmp_before::stream, too, so that the stream is not broken by the
 * first one's death. The library itself starts no processes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hpt/error.h>
#include <hpt/guest.h>

HPT_BEGIN_DECLS

/** @name Bits of hpt_qmp_before::has
 * @{ */
#define HPT_QMP_HAS_MAX_BANDWIDTH 1u  /**< hpt_qmp_before::max_bandwidth is known */
#define HPT_QMP_HAS_DOWNTIME_LIMIT 2u /**< hpt_qmp_before::downtime_limit is known */
/** @} */

/**
 * @brief How a guest was before anything was asked of it, and what leads back there.
 *
 * The descriptors are closed when hpt_qmp_open_guest() returns: a process that was forked
 * meanwhile has its own, any other puts -1 in their place.
 */
struct hpt_qmp_before {
	size_t size;             /**< sizeof(struct hpt_qmp_before) */
	int fd;                  /**< the connection to the monitor, or -1 */
	bool running;            /**< it ran, and is to run again */
	uint32_t has;            /**< HPT_QMP_HAS_* */
	char run_state[32];      /**< QEMU's word: "running", "paused", ... */
	uint64_t max_bandwidth;  /**< migration parameter, in bytes a second */
	uint64_t downtime_limit; /**< migration parameter, in milliseconds */
	int stream;              /**< the socket from which the migration is read, or -1 */
	bool to_end;             /**< no KVM: while a migration comes, it is not cancelled */
};

/** @brief What #hpt_qmp_watch_fn is told. */
enum hpt_qmp_step {
	HPT_QMP_BEGIN = 0, /**< all was found good, and nothing of the guest changed yet */
	HPT_QMP_GOING,     /**< once a second or so, while it goes on */
	HPT_QMP_END,       /**< the guest is as it was; no more calls */
};

/**
 * @brief Told how far the look at a running guest is.
 * @param arg hpt_qmp_options::arg
 * @param step of enum #hpt_qmp_step. #HPT_QMP_END does not come when the guest could not be put
 *        right, or is held (#HPT_QMP_HOLD).
 * @param before what hpt_qmp_restore() needs; valid during the call
 * @return 0 to go on; anything else ends with #HPT_ERR_STOPPED, the guest as it was. Of
 *         #HPT_QMP_END it is not looked at.
 */
typedef int hpt_qmp_watch_fn(void *arg, enum hpt_qmp_step step,
			     const struct hpt_qmp_before *before);

/** @name Bits of hpt_qmp_options::flags
 * @{ */
/** Stop the guest before its state is copied, not only for the last part: least data, and
 *  longest standstill. */
#define HPT_QMP_PAUSE 1u
/** Leave a guest that ran still when its state is copied, for as long as somebody looks at the
 *  copy: #HPT_QMP_END does not come, and the caller, or the second process that was begun at
 *  #HPT_QMP_BEGIN, lets it go on by hpt_qmp_restore(). One that stood still before is not
 *  held. */
#define HPT_QMP_HOLD 2u
/** @} */

/** @brief How to talk to QEMU. */
struct hpt_qmp_options {
	size_t size;             /**< sizeof(struct hpt_qmp_options) */
	uint32_t flags;          /**< HPT_QMP_* */
	uint32_t timeout_ms;     /**< most that QEMU may be silent; 0: 10,000 */
	hpt_qmp_watch_fn *watch; /**< optional */
	void *arg;               /**< given to hpt_qmp_options::watch */
};

/** @brief How a look at a running guest went. */
struct hpt_qmp_report {
	size_t size;        /**< set by the caller: sizeof(struct hpt_qmp_report) */
	bool was_running;   /**< the guest ran before, and runs again, or is held */
	bool still_known;   /**< hpt_qmp_report::still_us means something */
	uint32_t passes;    /**< times that QEMU went over the guest's RAM; 0: not known */
	uint32_t reserved;  /**< 0 */
	uint64_t still_us;  /**< how long it stood still, in microseconds, by QEMU's clock */
	uint64_t bytes;     /**< length of the stream */
	char run_state[32]; /**< QEMU's word for its state before */
};

/**
 * @brief Open a guest that runs.
 * @param address path of the Unix socket of a QMP monitor that nobody else uses
 * @param options NULL: the defaults
 * @param how how to open what comes, as hpt_guest_open(); NULL: the defaults.
 *        hpt_guest_options::kind is 0 or #HPT_SOURCE_QEMU. With #HPT_GUEST_MEMORY the guest's
 *        memory is kept in this process's, not in a temporary file
 * @param out receives the handle. It is a saved guest like any other, and no longer
 *        connected to the one that runs
 * @param report NULL, or its size is set by the caller
 * @param err see hpt/error.h; the text names the command that failed, and has QEMU's words
 * @return 0; #HPT_ERR_SYSTEM: the socket, with errno: ETIMEDOUT: no answer in time (a monitor
 *         that another program uses does not greet), ECONNRESET: QEMU ended the conversation;
 *         #HPT_ERR_FORMAT: what came is not QMP, or too long or nested too deeply, or not a
 *         migration stream; #HPT_ERR_REFUSED: QEMU refused a command, or the migration failed;
 *         #HPT_ERR_BUSY: a migration is under way, or the guest is in a state that could not
 *         be had back (it waits for a migration, or stands still after one);
 *         #HPT_ERR_UNSUPPORTED: this build has no jansson, a device does not migrate, or a
 *         migration capability is on that one socket does not go with; #HPT_ERR_STOPPED;
 *         #HPT_ERR_MEMORY; #HPT_ERR_ARGUMENT; those of hpt_guest_open(). Whatever it is, the
 *         guest is as it was before, or the text says that it is not.
 *
 * A guest that ran runs on, but for #HPT_QMP_HOLD. One that was paused stays still, but QEMU
 * calls its state "postmigrate" from then on: it refuses another migration until the guest has
 * run again ("cont"), and its disks are let go until then; hpt_qmp_report::was_running is
 * false, and a caller should say so; without KVM that is so when the look failed on the way,
 * too. The migration parameters max-bandwidth and, for a guest that writes faster than it can be
 * read, downtime-limit are changed meanwhile. Capabilities are not.
 *
 * Threads: exclusive, as to the guest. Source: QEMU's qapi/migration.json, qapi/run-state.json.
 */
HPT_API int hpt_qmp_open_guest(const char *address, const struct hpt_qmp_options *options,
			       const struct hpt_guest_options *how, struct hpt_guest **out,
			       struct hpt_qmp_report *report, struct hpt_error *err);

/**
 * @brief Put a guest right that somebody else has left: for a second process.
 * @param address as given to hpt_qmp_open_guest()
 * @param before as given at #HPT_QMP_BEGIN. Over hpt_qmp_before::fd, if that is not -1 and
 *        still answers, else over a new connection; it is shut down and closed in the end.
 *        What comes from hpt_qmp_before::stream is thrown away meanwhile; it stays open, and
 *        is to be closed when the guest is right
 * @param options NULL: the defaults; only hpt_qmp_options::timeout_ms counts
 * @param err see hpt/error.h
 * @return 0: no migration is under way, its parameters are as they were, and the guest runs if
 *         it ran; as hpt_qmp_open_guest()
 *
 * Threads: exclusive, as to the guest.
 */
HPT_API int hpt_qmp_restore(const char *address, const struct hpt_qmp_before *before,
			    const struct hpt_qmp_options *options, struct hpt_error *err);

HPT_END_DECLS

#endif /* HPT_QMP_H */
