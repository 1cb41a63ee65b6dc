/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What the kernel does with those who write to its descriptor. doc/kvm.md tells it in words. */

#include "kvm_parts.h"

#define VALID_LARGE (HPT_V_VALID | HPT_V_LARGE)

static unsigned char bytes[1024];

/* One write(2) to a descriptor of its own; the result, or -errno. */
static ssize_t raw_write(const struct guest *g, const void *data, size_t len)
{
	int fd = raw_open(g, RAW_WRITE, 0);
	ssize_t n = write(fd, data, len);

	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

static ssize_t write_chunk(const struct guest *g, uint32_t index, unsigned n_valid,
			   unsigned n_invalid, const struct hpt_entry *entries)
{
	size_t len = raw_chunk(bytes, index, n_valid, n_invalid, entries);

	return raw_write(g, bytes, len);
}

static void check_one_valid_chunk(struct guest *g)
{
	const struct hpt_entry a = guest_entry(10, 30), b = guest_entry(20, 30);
	size_t len;

	tap_begin("kernel: one chunk with entries a write; a second one is lost");
	guest_clear(g, 0, 64);
	len = raw_chunk(bytes, 10, 1, 0, &a);
	len += raw_chunk(bytes + len, 20, 1, 0, &b);
	CHECK(len == 48 && raw_write(g, bytes, len) == 24);
	g->truth[10] = a;
	check_listing(g);
	tap_end();

	tap_begin("kernel: chunks that only invalidate combine, also before one with entries");
	guest_write(g, 0, 64, 31, 1);
	len = raw_chunk(bytes, 3, 0, 2, NULL);
	len += raw_chunk(bytes + len, 30, 0, 4, NULL);
	len += raw_chunk(bytes + len, 40, 1, 2, &b);
	CHECK(raw_write(g, bytes, len) == (ssize_t)len);
	memset(g->truth + 3, 0, 2 * sizeof(a));
	memset(g->truth + 30, 0, 4 * sizeof(a));
	memset(g->truth + 40, 0, 3 * sizeof(a));
	g->truth[40] = b;
	check_listing(g);
	tap_end();
}

/* Its first doubleword, read as a header: slots 0x400 to 0x509 are invalid; its second: 0x2000
 * to 0x3001. */
static void check_header_in_entry(struct guest *g)
{
	const struct hpt_entry a = { UINT64_C(0x0004000000000A01),
				     UINT64_C(0x0020000000000110) | HPT_R_M };
	const struct hpt_entry b = guest_entry(20, 30);
	size_t len;

	tap_begin("kernel: behind entries it takes the first of them for a header");
	guest_write(g, 0x3f0, 300, 32, 1);
	guest_write(g, 0x1ff0, 64, 32, 1);
	len = raw_chunk(bytes, 10, 1, 0, &a);
	len += raw_chunk(bytes + len, 20, 1, 0, &b);
	CHECK(raw_write(g, bytes, len) >= 24);
	g->truth[10] = a;
	memset(g->truth + 0x400, 0, 0x10a * sizeof(a));
	memset(g->truth + 0x2000, 0, 0x1001 * sizeof(a));
	check_listing(g);
	tap_end();
}

static void check_cut_chunks(struct guest *g)
{
	const struct hpt_entry a = guest_entry(10, 33);

	tap_begin("kernel: a chunk cut short is taken with what lies behind the buffer");
	for (size_t len = 0; len < 24; len++) {
		guest_clear(g, 10, 1);
		raw_chunk(bytes, 10, 1, 0, &a);
		CHECK(raw_write(g, bytes, len) == (len < 16 ? 0 : 24));
		g->truth[10] = len < 16 ? (struct hpt_entry){ 0, 0 } : a;
		check_listing(g);
	}
	tap_end();
}

static void check_bad_chunks(struct guest *g)
{
	const struct hpt_entry good[2] = { guest_entry(10, 34), guest_entry(11, 34) };
	uint32_t n = (uint32_t)g->n;

	tap_begin("kernel: a slot or count beyond the table: EINVAL");
	CHECK(write_chunk(g, n, 1, 0, good) == -EINVAL);
	CHECK(write_chunk(g, n, 0, 0, NULL) == -EINVAL);
	CHECK(write_chunk(g, n - 1, 2, 0, good) == -EINVAL);
	CHECK(write_chunk(g, n - 1, 1, 1, good) == -EINVAL);
	CHECK(write_chunk(g, 0, 0, 65535, NULL) == -EINVAL);
	CHECK(write_chunk(g, UINT32_MAX, 0, 1, NULL) == -EINVAL);
	check_listing(g);
	tap_end();

	tap_begin("kernel: a header with counts of zero does nothing, and counts");
	CHECK(write_chunk(g, 0, 0, 0, NULL) == 8);
	check_listing(g);
	tap_end();

	tap_begin("kernel: memory that cannot be read: EFAULT");
	CHECK(raw_write(g, (void *)8, 8) == -EFAULT);
	check_listing(g);
	tap_end();
}

/* A good entry, then a bad one: the good one stays. What was in the bad one's slot does not,
 * if H_ENTER is what refused it. */
static void check_bad_entry(struct guest *g, struct hpt_entry bad, int error, bool old_stays)
{
	const struct hpt_entry entries[3] = { guest_entry(10, 35), bad, guest_entry(12, 35) };

	guest_write(g, 10, 3, 36, 1);
	CHECK(write_chunk(g, 10, 3, 5, entries) == -error);
	g->truth[10] = entries[0];
	if (!old_stays)
		g->truth[11] = (struct hpt_entry){ 0, 0 };
	check_listing(g);
}

static void check_bad_entries(struct guest *g)
{
	struct hpt_entry bad = guest_entry(11, 35);

	tap_begin("kernel: an entry without V, or with an LP that it does not know: EINVAL");
	bad.v &= ~HPT_V_VALID;
	check_bad_entry(g, bad, EINVAL, true);
	check_bad_entry(g, (struct hpt_entry){ VALID_LARGE, HPT_R_M | 0x5000 }, EINVAL, true);
	tap_end();

	tap_begin("kernel: EIO where H_ENTER refuses, and the old entry is gone");
	check_bad_entry(g, (struct hpt_entry){ VALID_LARGE, HPT_R_M | 0x3000 }, EIO, false);
	check_bad_entry(g, (struct hpt_entry){ VALID_LARGE, HPT_R_M }, EIO, false);
	bad = guest_entry(11, 35);
	bad.v |= UINT64_C(1) << 63;
	check_bad_entry(g, bad, EIO, false);
	tap_end();
}

static void check_way_in(struct guest *g)
{
	struct hpt_entry entry = guest_entry(10, 37), cached;
	struct host_line line;

	tap_begin("kernel: bits 0x60 and r's bit 62 do not come in; all others do");
	entry.v |= HPT_V_HYPERVISOR;
	entry.v |= UINT64_C(0x188); /* software's and the first of AVPN */
	entry.r |= UINT64_C(3) << 61 | UINT64_C(1) << 63;
	CHECK(write_chunk(g, 10, 1, 0, &entry) == 24);
	g->truth[10] = entry;
	g->truth[10].v &= ~HPT_V_HYPERVISOR;
	g->truth[10].r &= ~RAW_MARK;
	check_whole(g);
	tap_end();

	tap_begin(
		"kernel: what the guest wrote is kept, though the hardware gets another entry");
	cached = (struct hpt_entry){ HPT_V_VALID, UINT64_C(0x3000) | UINT64_C(0x28) };
	CHECK(write_chunk(g, 11, 1, 0, &cached) == 24);
	g->truth[11] = cached;
	CHECK(raw_line(g, 11, &line) && line.v & HPT_V_VALID);
	/* Caching inhibited, of memory that is not: M, and another real address. */
	CHECK((line.host_r & 0x78) == HPT_R_M && (line.guest_r & 0x78) == 0x28);
	CHECK((line.host_r ^ line.guest_r) & UINT64_C(0x00FFFFFFFFFFF000));
	check_whole(g);
	tap_end();
}

static void check_allocation(struct guest *g)
{
	uint32_t order = 17;
	uint64_t i;

	tap_begin("kernel: the same order again empties the table");
	guest_write(g, 0, 64, 38, 1);
	CHECK(host_give_table(g->vm, g->order));
	memset(g->truth, 0, g->n * sizeof(*g->truth));
	check_whole(g);
	tap_end();

	tap_begin("kernel: an order that is refused has already cost the old table");
	guest_write(g, 0, 64, 38, 1);
	CHECK(ioctl(g->vm, KVM_PPC_ALLOCATE_HTAB, &order) == -1 && errno == EINVAL);
	CHECK(hpt_table_read(g->table, 0, 1, g->found, &err) == HPT_ERR_NO_HPT);
	CHECK(host_give_table(g->vm, g->order));
	CHECK(hpt_table_read(g->table, 0, g->n, g->found, &err) == 0);
	for (i = 0; i < g->n; i++)
		if (is_valid(g->found[i]))
			CHECK(!"an entry outlived it");
	tap_end();
}

void check_kernel_writes(void)
{
	struct guest g;

	tap_begin("kernel: a VM to write");
	if (!guest_start_filled(&g, HPT_ORDER_MIN)) {
		tap_end();
		return;
	}
	check_listing(&g);
	tap_end();
	check_one_valid_chunk(&g);
	check_header_in_entry(&g);
	check_cut_chunks(&g);
	check_bad_chunks(&g);
	check_bad_entries(&g);
	check_way_in(&g);
	check_allocation(&g);
	guest_end(&g);
}
