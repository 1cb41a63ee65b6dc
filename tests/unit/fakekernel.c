/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What Linux 6.1 was measured to do with its HTAB descriptor, and fake.c checks against those
 * measurements byte for byte:
 *
 * - a chunk is begun only while strictly more than a header and an entry fit, and an entry
 *   is added only while strictly more than it fits;
 * - the first pass tells every slot; whoever reaches the end has flipped its descriptor to
 *   "only what was modified", from slot 0, and that read ends there;
 * - the marks belong to the table: reading an entry takes its mark from everybody. A slot is
 *   only unmarked by a chunk that says what it is;
 * - counts stop at 65535;
 * - entries have the kernel's lock bit 0x40, absent ones look valid;
 * - for a bolted-only descriptor all others are invalid;
 * - a write takes headers one behind the other, but entries do not move the place where it
 *   looks for the next header. Only the bytes of a header and those of entries less one
 *   header must be there.
 */

#include <errno.h>
#include <unistd.h>

#include "fakekernel.h"

#define VALID UINT64_C(1)
#define LARGE UINT64_C(4)
#define BOLTED UINT64_C(0x10)
#define ABSENT UINT64_C(0x20)
#define LOCK UINT64_C(0x40)
#define FD_BOLTED 1u
#define FD_WRITE 2u
#define HEADER 8u
#define ENTRY 16u
#define COUNT_MAX 65535u

struct fake_kernel *fake_current;

ssize_t __real_read(int fd, void *bytes, size_t count);
ssize_t __real_write(int fd, const void *bytes, size_t count);
int __real_close(int fd);
ssize_t __wrap_read(int fd, void *bytes, size_t count);
ssize_t __wrap_write(int fd, const void *bytes, size_t count);
int __wrap_close(int fd);

static bool is_ours(int fd)
{
	return fake_current && fd >= FAKE_FD_BASE && fd < FAKE_FD_BASE + FAKE_FDS;
}

ssize_t __wrap_read(int fd, void *bytes, size_t count)
{
	return is_ours(fd) ? fake_read(fake_current, fd, bytes, count) :
			     __real_read(fd, bytes, count);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t count)
{
	return is_ours(fd) ? fake_write(fake_current, fd, bytes, count) :
			     __real_write(fd, bytes, count);
}

int __wrap_close(int fd)
{
	return is_ours(fd) ? fake_close(fake_current, fd) : __real_close(fd);
}

void fake_init(struct fake_kernel *k, unsigned order)
{
	static const unsigned known[] = { 0x00, 0x01, 0x11, 0x21, 0xF1, 0x38, 0x08, 0x03, 0x07 };

	memset(k, 0, sizeof(*k));
	k->n = order ? UINT64_C(1) << (order - 4) : 0;
	k->slots = calloc(k->n ? k->n : 1, sizeof(*k->slots));
	assert_non_null(k->slots);
	for (size_t i = 0; i < COUNT(known); i++)
		k->known_lp[known[i]] = 1;
	for (unsigned lp = 0; lp < 256; lp++) /* 64K pages leave the high nibble free */
		if (lp % 16 == 1 || lp % 16 == 7)
			k->known_lp[lp] = 1;
	fake_current = k;
}

void fake_free(struct fake_kernel *k)
{
	free(k->slots);
	k->slots = NULL;
	if (fake_current == k)
		fake_current = NULL;
}

static bool reader_open(const struct fake_kernel *k)
{
	for (unsigned i = 0; i < FAKE_FDS; i++)
		if (k->fds[i].open && !(k->fds[i].flags & FD_WRITE))
			return true;
	return false;
}

unsigned fake_open_fds(const struct fake_kernel *k)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FAKE_FDS; i++)
		n += k->fds[i].open;
	return n;
}

/* Changes are only marked while somebody reads. */
static void mark(struct fake_kernel *k, uint64_t ptex)
{
	if (reader_open(k))
		k->slots[ptex].modified = true;
}

void fake_enter(struct fake_kernel *k, uint64_t ptex, struct hpt_entry entry)
{
	k->slots[ptex].v = entry.v & ~(ABSENT | LOCK);
	k->slots[ptex].r = entry.r;
	mark(k, ptex);
}

struct hpt_entry fake_entry(const struct fake_kernel *k, uint64_t ptex)
{
	const struct fake_slot *s = &k->slots[ptex];

	if (!(s->v & (VALID | ABSENT)))
		return (struct hpt_entry){ 0, 0 };
	return (struct hpt_entry){ (s->v & ~(ABSENT | LOCK)) | VALID, s->r };
}

uint64_t fake_count(const struct fake_kernel *k)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < k->n; i++)
		n += (k->slots[i].v & (VALID | ABSENT)) != 0;
	return n;
}

uint64_t fake_marks(const struct fake_kernel *k)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < k->n; i++)
		n += k->slots[i].modified;
	return n;
}

int fake_get_htab_fd(struct fake_kernel *k, uint64_t flags, uint64_t start)
{
	if (flags & ~(uint64_t)(FD_BOLTED | FD_WRITE)) {
		errno = EINVAL;
		return -1;
	}
	for (int i = 0; i < FAKE_FDS; i++) {
		if (k->fds[i].open)
			continue;
		k->fds[i] = (struct fake_fd){ .open = true, .first_pass = true, .flags = flags,
					      .index = start };
		k->opens++;
		return FAKE_FD_BASE + i;
	}
	errno = EMFILE;
	return -1;
}

int fake_open_fd(void *arg, int vm_fd, uint64_t flags, uint64_t start, int *fd,
		 struct hpt_error *err)
{
	struct fake_kernel *k = arg;
	int got = fake_get_htab_fd(k, flags, start);

	k->last_open_vm = vm_fd;
	if (got < 0)
		return hpt_error_fill(err, HPT_ERR_SYSTEM, errno, "fake: no descriptor");
	*fd = got;
	return 0;
}

static struct fake_fd *find_fd(struct fake_kernel *k, int fd, bool writing)
{
	struct fake_fd *f = &k->fds[fd - FAKE_FD_BASE];

	if (f->open && writing == !!(f->flags & FD_WRITE))
		return f;
	errno = EBADF;
	return NULL;
}

int fake_close(struct fake_kernel *k, int fd)
{
	struct fake_fd *f = &k->fds[fd - FAKE_FD_BASE];

	if (!f->open) {
		errno = EBADF;
		return -1;
	}
	f->open = false;
	k->closes++;
	return 0;
}

static bool looks_valid(const struct fake_fd *f, const struct fake_slot *s)
{
	return s->v & (VALID | ABSENT) && (!(f->flags & FD_BOLTED) || s->v & BOLTED);
}

/* Is slot @i to be told in this pass, and is it then (in)valid as @valid says? Unmarks it. */
static bool take(struct fake_kernel *k, const struct fake_fd *f, uint64_t i, bool valid)
{
	struct fake_slot *s = &k->slots[i];

	if ((!f->first_pass && !s->modified) || looks_valid(f, s) != valid)
		return false;
	k->marks_cleared += s->modified;
	s->modified = false;
	return true;
}

static void put_entry(unsigned char *p, const struct fake_slot *s)
{
	uint64_t words[2] = { (s->v & ~ABSENT) | VALID | LOCK, s->r };

	for (unsigned w = 0; w < 2; w++)
		for (unsigned i = 0; i < 8; i++)
			*p++ = (unsigned char)(words[w] >> (56 - 8 * i));
}

static void put_header(unsigned char *p, uint64_t index, uint64_t n_valid, uint64_t n_invalid)
{
	const uint32_t index32 = (uint32_t)index;
	const uint16_t counts[] = { (uint16_t)n_valid, (uint16_t)n_invalid };

	memcpy(p, &index32, 4);
	memcpy(p + 4, counts, 4);
}

/* One chunk at @p, of at most @room bytes; returns its size, 0 when there was none to tell. */
static size_t tell_chunk(struct fake_kernel *k, struct fake_fd *f, unsigned char *p, size_t room)
{
	size_t used = HEADER;
	uint64_t first, n_valid = 0, n_invalid = 0, i = f->index;

	while (!f->first_pass && i < k->n && !k->slots[i].modified)
		i++;
	first = i;
	while (i < k->n && n_valid < COUNT_MAX && used + ENTRY < room && take(k, f, i, true)) {
		put_entry(p + used, &k->slots[i++]);
		used += ENTRY;
		n_valid++;
	}
	while (i < k->n && n_invalid < COUNT_MAX && take(k, f, i, false)) {
		i++;
		n_invalid++;
	}
	f->index = i;
	if (!n_valid && !n_invalid)
		return 0;
	put_header(p, first, n_valid, n_invalid);
	return used;
}

static bool faulty(struct fake_fault *fault)
{
	if (!fault->countdown || --fault->countdown)
		return false;
	fault->countdown = fault->always;
	return true;
}

ssize_t fake_read(struct fake_kernel *k, int fd, void *bytes, size_t count)
{
	struct fake_fd *f = find_fd(k, fd, false);
	unsigned char *p = bytes;
	size_t used = 0;

	if (!f)
		return -1;
	k->reads++;
	if (count > k->largest_read)
		k->largest_read = count;
	if (faulty(&k->read_fault)) {
		if (k->read_fault.os_errno) {
			errno = k->read_fault.os_errno;
			return -1;
		}
		count = k->read_fault.max < count ? k->read_fault.max : count;
	}
	if (k->garbage) {
		used = k->garbage_len < count ? k->garbage_len : count;
		memcpy(p, k->garbage, used);
		k->garbage = NULL;
		return (ssize_t)used;
	}
	while (k->n && used + HEADER + ENTRY < count) {
		used += tell_chunk(k, f, p + used, count - used);
		if (f->index < k->n)
			continue;
		f->index = 0;
		f->first_pass = false;
		break;
	}
	k->read_bytes += used;
	return (ssize_t)used;
}

static uint64_t get_word(const unsigned char *p)
{
	uint64_t word = 0;

	for (unsigned i = 0; i < 8; i++)
		word = word << 8 | p[i];
	return word;
}

static int enter(struct fake_kernel *k, uint64_t ptex, uint64_t v, uint64_t r)
{
	unsigned lp = (unsigned)(r >> 12 & 0xFF);

	if (!(v & VALID) || (v & LARGE && !k->known_lp[lp]))
		return EINVAL;
	k->slots[ptex].v = 0; /* what was there is removed before the new one is looked at */
	mark(k, ptex);
	if (v >> 63 || (k->refused_r && (r & UINT64_C(0x0FFFFFFFFFFFF000)) == k->refused_r))
		return EIO;
	fake_enter(k, ptex, (struct hpt_entry){ v, r });
	return 0;
}

/* The entries and invalid slots of a chunk whose header stands before @p. */
static int write_chunk(struct fake_kernel *k, const unsigned char *p, uint64_t index,
		       unsigned n_valid, unsigned n_invalid)
{
	if (index >= k->n || index + n_valid + n_invalid > k->n)
		return EINVAL;
	for (unsigned i = 0; i < n_valid; i++, p += ENTRY) {
		int e = enter(k, index + i, get_word(p), get_word(p + 8));

		if (e)
			return e;
	}
	for (unsigned i = 0; i < n_invalid; i++) {
		struct fake_slot *s = &k->slots[index + n_valid + i];

		if (s->v & (VALID | ABSENT))
			fake_enter(k, index + n_valid + i, (struct hpt_entry){ 0, 0 });
	}
	return 0;
}

static ssize_t write_chunks(struct fake_kernel *k, const unsigned char *p, size_t count)
{
	size_t used = 0;
	int e = 0;

	while (!e && used + HEADER <= count) {
		uint32_t index;
		uint16_t counts[2];

		memcpy(&index, p, 4);
		memcpy(counts, p + 4, 4);
		if (used + (size_t)ENTRY * counts[0] > count) {
			k->bad_writes++;
			break;
		}
		/* the place of the next header is behind this one: not behind the entries */
		p += HEADER;
		used += HEADER + (size_t)ENTRY * counts[0];
		if (used > count || (counts[0] && used < count))
			k->bad_writes++;
		e = write_chunk(k, p, index, counts[0], counts[1]);
	}
	errno = e;
	return e ? -1 : (ssize_t)used;
}

ssize_t fake_write(struct fake_kernel *k, int fd, const void *bytes, size_t count)
{
	if (!find_fd(k, fd, true))
		return -1;
	k->writes++;
	if (k->vcpu_runs) {
		errno = EBUSY;
		return -1;
	}
	if (faulty(&k->write_fault)) {
		if (k->write_fault.os_errno) {
			errno = k->write_fault.os_errno;
			return -1;
		}
		count = k->write_fault.max < count ? k->write_fault.max : count;
	}
	return write_chunks(k, bytes, count);
}

struct hpt_table *fake_table(struct fake_kernel *k, unsigned order, uint32_t flags)
{
	const struct hpt_kvm_options o = { sizeof(o), flags, fake_open_fd, k };
	struct hpt_table *table = NULL;
	struct hpt_error err;

	unit_poison(&err);
	unit_ok(hpt_kvm_open(42, order, &o, &table, &err), &err);
	return table;
}

/* An entry that the kernel takes: 4K, or 64K in a 64K segment. */
struct hpt_entry fake_good_entry(uint64_t *seed)
{
	struct hpt_entry e = unit_random_entry(seed);

	e.v &= ~(UINT64_C(1) << 63); /* 0 or 1 is a segment size */
	e.r &= ~UINT64_C(0x400000000000F000);
	if (e.v & 4)
		e.r |= 0x1000;
	return e;
}

/* Runs of random length, valid and not, up to @longest. */
void fake_fill(struct fake_kernel *k, uint64_t longest)
{
	uint64_t seed = 51, i = 0;

	while (i < k->n) {
		uint64_t valid = unit_random(&seed) % (longest + 1);
		uint64_t gap = unit_random(&seed) % (longest + 1);

		for (; valid-- && i < k->n; i++)
			fake_enter(k, i, fake_good_entry(&seed));
		i += gap;
	}
}

void fake_start(struct fake_kernel *k, uint64_t longest)
{
	fake_init(k, 18);
	if (longest)
		fake_fill(k, longest);
}

void fake_stop(struct fake_kernel *k, struct hpt_table *table)
{
	hpt_table_close(table);
	assert_int_equal(fake_open_fds(k), 0);
	assert_int_equal(k->opens, k->closes);
	assert_int_equal(k->bad_writes, 0);
	fake_free(k);
}
