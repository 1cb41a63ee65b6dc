/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What is no VM, no longer one, not ours, or uses radix. */

#include "kvm_parts.h"

#include <dirent.h>
#include <errno.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESS_TABLE_RADIX (UINT64_C(1) << 63)

static int opened; /* descriptors, since it was last cleared */

static int counting_open(void *arg, int vm, uint64_t flags, uint64_t start, int *fd,
			 struct hpt_error *error)
{
	struct kvm_get_htab_fd request = { .flags = flags, .start_index = start };

	(void)arg;
	opened++;
	*fd = ioctl(vm, KVM_PPC_GET_HTAB_FD, &request);
	if (*fd < 0)
		return hpt_error_fill(error, HPT_ERR_SYSTEM, errno, "KVM_PPC_GET_HTAB_FD");
	return 0;
}

static unsigned open_files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned n = 0;

	while (directory && readdir(directory))
		n++;
	if (directory)
		closedir(directory);
	return n;
}

static void check_descriptors(void)
{
	const struct hpt_kvm_options options = { .size = sizeof(options),
						 .open_fd = counting_open };
	struct hpt_entry entries[9];
	struct hpt_table *table = NULL;
	struct guest g;
	unsigned before;

	tap_begin("a read opens one descriptor, and leaves none");
	if (guest_start_filled(&g, HPT_ORDER_MIN)) {
		before = open_files();
		CHECK(hpt_kvm_open(g.vm, g.order, &options, &table, &err) == 0);
		CHECK(opened == 0);
		CHECK(hpt_table_read(table, 8, 9, entries, &err) == 0 && opened == 1);
		CHECK(hpt_table_read(table, 0, g.n, g.found, &err) == 0 && opened == 2);
		CHECK(hpt_table_write(table, 8, 9, entries, &err) == 0 && opened == 3);
		CHECK(open_files() == before);
		hpt_table_close(table);
	}
	tap_end();
	guest_end(&g);
}

/* Is the answer of a child process yes? */
static bool in_child(bool (*ask)(const struct guest *g, int fd), const struct guest *g, int fd)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(ask(g, fd) ? 42 : 1);
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 42;
}

static bool is_refused(const struct guest *g, int fd)
{
	struct hpt_entry entry = guest_entry(0, 1);

	(void)fd;
	return hpt_table_read(g->table, 0, 1, &entry, &err) == HPT_ERR_SYSTEM &&
	       err.os_errno == EIO &&
	       strstr(err.text, "only the process that created the VM") &&
	       hpt_table_write(g->table, 0, 1, &entry, &err) == HPT_ERR_SYSTEM &&
	       err.os_errno == EIO;
}

static void check_other_process(void)
{
	struct hpt_entry entry;
	struct guest g;

	tap_begin("another process may not open the VM's table: EIO");
	if (guest_start_filled(&g, HPT_ORDER_MIN)) {
		CHECK(in_child(is_refused, &g, -1));
		CHECK(hpt_table_read(g.table, 0, 1, &entry, &err) == 0);
	}
	tap_end();
	guest_end(&g);
}

/* A table's descriptor that somebody else has opened and passed on. */
static int passed_on(void *arg, int vm, uint64_t flags, uint64_t start, int *fd,
		     struct hpt_error *error)
{
	(void)vm, (void)error;
	CHECK(flags == 0 && start == 0);
	*fd = dup(*(int *)arg);
	return 0;
}

static bool reads_all(const struct guest *g, int fd)
{
	const struct hpt_kvm_options options = { .size = sizeof(options),
						 .open_fd = passed_on,
						 .arg = &fd };
	struct hpt_table *table = NULL;

	return hpt_kvm_open(-1, g->order, &options, &table, &err) == 0 &&
	       hpt_table_read(table, 0, g->n, g->found, &err) == 0 &&
	       same("in another process", 0, g->found, g->truth, g->n);
}

static void check_passed_on(void)
{
	struct kvm_get_htab_fd request = { .flags = 0 };
	struct guest g;
	int fd;

	tap_begin("another process may read a table's descriptor that it is given");
	if (guest_start_filled(&g, HPT_ORDER_MIN)) {
		fd = ioctl(g.vm, KVM_PPC_GET_HTAB_FD, &request);
		CHECK(fd >= 0);
		CHECK(in_child(reads_all, &g, fd));
		close(fd);
	}
	tap_end();
	guest_end(&g);
}

static void check_closed(void)
{
	struct hpt_table *table = NULL;
	struct hpt_entry entry = guest_entry(0, 1), entries[64];
	struct hpt_change change;
	struct guest g;

	tap_begin("a VM's descriptor that is closed, and what is no VM");
	if (guest_start_filled(&g, HPT_ORDER_MIN)) {
		CHECK(hpt_table_next_change(g.table, &change, entries, 64, &err) == 0);
		close(g.vm);
		g.vm = -1;
		CHECK(hpt_table_read(g.table, 0, 1, &entry, &err) == HPT_ERR_SYSTEM);
		CHECK(err.os_errno == EBADF && strstr(err.text, "KVM_PPC_GET_HTAB_FD"));
		CHECK(hpt_table_write(g.table, 0, 1, &entry, &err) == HPT_ERR_SYSTEM);
		CHECK(err.os_errno == EBADF);
		/* The descriptor that looks for changes keeps the VM alive. */
		CHECK(hpt_table_next_change(g.table, &change, entries, 64, &err) == 0);
		CHECK(change.ptex == 64 && change.n_valid == 64);
		CHECK(same("after the end", 64, entries, g.truth + 64, 64));
		CHECK(hpt_kvm_open(host_kvm, g.order, NULL, &table, &err) == 0);
		CHECK(hpt_table_read(table, 0, 1, &entry, &err) == HPT_ERR_SYSTEM);
		CHECK(err.os_errno == EINVAL || err.os_errno == ENOTTY);
		hpt_table_close(table);
	}
	tap_end();
	guest_end(&g);
}

/* A POWER9 guest turns to radix as its firmware would let it: the table is gone. */
static void check_radix(void)
{
	struct kvm_ppc_mmuv3_cfg config = { .flags = KVM_PPC_MMUV3_RADIX | KVM_PPC_MMUV3_GTSE,
					    .process_table = PROCESS_TABLE_RADIX };
	struct hpt_change change;
	struct hpt_entry entry;
	struct guest g;

	tap_begin("a guest that turns to radix has no table any more");
	if (guest_start_filled(&g, HPT_ORDER_MIN)) {
		int ret = ioctl(g.vm, KVM_PPC_CONFIGURE_V3_MMU, &config);

		entry = guest_entry(0, 1);
		if (host_v3) {
			CHECK(ret == 0);
			CHECK(hpt_table_read(g.table, 0, g.n, g.found, &err) ==
			      HPT_ERR_NO_HPT);
			CHECK(strstr(err.text, "radix"));
			CHECK(hpt_table_write(g.table, 0, 1, &entry, &err) == HPT_ERR_NO_HPT);
			CHECK(strstr(err.text, "radix"));
			CHECK(hpt_table_next_change(g.table, &change, &entry, 1, &err) ==
			      HPT_ERR_NO_HPT);
			memset(g.truth, 0, g.n * sizeof(*g.truth));
			CHECK(host_give_table(g.vm, g.order)); /* and back to hash */
		} else {
			CHECK(ret == -1); /* a POWER8 has no radix */
		}
		check_whole(&g);
	}
	tap_end();
	guest_end(&g);
}

/* What each of 4K, 64K and 16M segments may hold: "base encoding actual:LP ..." */
static void describe_sizes(const struct hpt_page_sizes *sizes, char *text, size_t len)
{
	size_t at = 0;

	for (uint32_t i = 0; i < sizes->n && at < len; i++) {
		const struct hpt_base_size *base = sizes->base + i;

		at += (size_t)snprintf(text + at, len - at, "%s%u %x", i ? ", " : "",
				       base->shift, base->slb_enc);
		for (uint32_t j = 0; j < base->n && at < len; j++)
			at += (size_t)snprintf(text + at, len - at, " %u:%x",
					       base->actual[j].shift, base->actual[j].lp);
	}
}

static void check_sizes(void)
{
	struct hpt_page_sizes sizes = { .size = sizeof(sizes) };
	struct guest g;
	char text[200] = "";

	tap_begin("the page sizes that the kernel offers");
	if (guest_start(&g, HPT_ORDER_MIN)) {
		CHECK(hpt_kvm_page_sizes(g.vm, &sizes, &err) == 0);
		CHECK(sizes.flags == HPT_SIZES_1T && sizes.slb_entries == 32);
		CHECK(sizes.data_keys == 32 && sizes.fetch_keys == 32);
		describe_sizes(&sizes, text, sizeof(text));
		printf("# %s\n", text);
		CHECK(strcmp(text, "12 0 12:0 24:38, 16 110 16:1 24:8, 24 100 24:0") == 0);
		CHECK(hpt_kvm_page_sizes(host_kvm, &sizes, &err) == HPT_ERR_SYSTEM);
	}
	tap_end();
	guest_end(&g);
}

void check_wrong(void)
{
	check_sizes();
	check_descriptors();
	check_other_process();
	check_passed_on();
	check_closed();
	check_radix();
}
