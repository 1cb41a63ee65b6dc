/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Saved guests: a file that is walked, and the command as a whole process. */

#include "bench.h"

#include <fcntl.h>
#include <malloc.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "synthetic.h"

#define CAT_BYTES ((size_t)128 << 10) /* what cat reads at once */
#define KNOWN_EA "0x10000000"         /* mapped in the guest that is given */
/* What an open guest may need beside its runs of pages. */
#define MEMORY_BASE ((double)(2 << 20))

extern char **environ;

/* The file's bytes through a buffer. */
double run_cat(void *arg)
{
	const char *path = arg;
	unsigned char *buffer = must_alloc(CAT_BYTES);
	int fd = open(path, O_RDONLY);
	double begin = now_ns(), end;
	ssize_t n;

	while ((n = read(fd, buffer, CAT_BYTES)) > 0)
		;
	end = now_ns();
	if (fd < 0 || n < 0)
		die("cannot read %s", path);
	close(fd);
	free(buffer);
	return end - begin;
}

static struct hpt_guest *open_guest(const char *path)
{
	struct hpt_guest *guest;
	struct hpt_error err;

	if (hpt_guest_open(path, NULL, &guest, &err))
		die("%s: %s", path, err.text);
	return guest;
}

static double run_open(void *arg)
{
	double begin = now_ns();
	struct hpt_guest *guest = open_guest(arg);

	hpt_guest_close(guest);
	return now_ns() - begin;
}

struct measure measure_open(struct bench *b, const char *path)
{
	char *file = (char *)(uintptr_t)path;

	return measure(b, (struct job){ run_open, file }, (struct job){ run_cat, file });
}

/* Bytes of the heap that are in use. */
static double heap(void)
{
	struct mallinfo2 info = mallinfo2();

	return (double)(info.uordblks + info.hblkhd);
}

static void memory_of(struct bench *b, const char *name, const char *path, uint64_t runs)
{
	double before = heap();
	struct hpt_guest *guest = open_guest(path);

	report_bytes(b, name, heap() - before, MEMORY_BASE + 16 * (double)runs);
	hpt_guest_close(guest);
}

/* A command with its output to @to; nanoseconds of CPU that it took. */
double run_process(char *const *argv, const char *to)
{
	posix_spawn_file_actions_t actions;
	struct rusage use;
	int status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, to,
					 O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ))
		die("cannot run %s", argv[0]);
	posix_spawn_file_actions_destroy(&actions);
	if (wait4(pid, &status, 0, &use) != pid || status)
		die("%s failed", argv[0]);
	return ((double)use.ru_utime.tv_sec + (double)use.ru_stime.tv_sec) * 1e9 +
	       ((double)use.ru_utime.tv_usec + (double)use.ru_stime.tv_usec) * 1e3;
}

static double run_cat_process(void *arg)
{
	char *argv[] = { (char *)"cat", arg, NULL };

	return run_process(argv, "/dev/null");
}

struct first_address {
	const struct bench *b;
	char *path;
};

static double run_first_address(void *arg)
{
	const struct first_address *f = arg;
	char *argv[] = { (char *)(uintptr_t)f->b->hpt, (char *)"translate", f->path,
			 (char *)KNOWN_EA, NULL };

	return run_process(argv, "/dev/null");
}

static void saved_guest(struct bench *b, const char *what, uint64_t bytes)
{
	struct first_address f = { .b = b };
	struct synthetic s;
	char path[512], name[96];
	struct measure m;

	snprintf(path, sizeof(path), "%s/libhpt-bench-guest.mig", b->dir);
	synthetic_make(&s, b->guest, path, bytes);
	m = measure(b, (struct job){ run_open, path }, (struct job){ run_cat, path });
	snprintf(name, sizeof(name), "guest/open/%s", what);
	report_measure(b, name, "ms", 1e6, &m, 1.2);
	snprintf(name, sizeof(name), "guest/memory/%s", what);
	memory_of(b, name, path, s.runs);
	snprintf(name, sizeof(name), "guest/first-address/%s", what);
	if (b->hpt) {
		f.path = path;
		m = measure(b, (struct job){ run_first_address, &f },
			    (struct job){ run_cat_process, path });
		report_measure(b, name, "ms", 1e6, &m, 2);
	} else {
		skip(b, name, "no --hpt");
	}
	unlink(path);
}

/* A table as a file, and the text of it. */
struct dump {
	const struct bench *b;
	char image[512], text[512];
	uint64_t lines;
};

static double run_dump(void *arg)
{
	struct dump *d = arg;
	char *argv[] = { (char *)(uintptr_t)d->b->hpt,
			 (char *)"dump",
			 (char *)"--kind",
			 (char *)"image",
			 d->image,
			 NULL };

	double begin, end;

	/* To free a file's pages is no part of printing. */
	unlink(d->text);
	unpin();
	begin = wall_ns();
	run_process(argv, d->text);
	end = wall_ns();
	pin(0);
	return end - begin;
}

/* The text that is there, line by line through a buffer of the same size. */
static double run_print(void *arg)
{
	struct dump *d = arg;
	size_t room = (size_t)256 << 10, used = 0;
	char *buffer = must_alloc(room);
	static const char line[] = /* as long as the command's */
		"0x000000 0x00000.0   1st    0x123456789   1T      0x123456789abcdef0   64K/64K"
		"  0x123456789000  2   0 --M- -RC-\n";
	double begin, end;
	int fd;

	unlink(d->text);
	begin = wall_ns();
	fd = open(d->text, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	for (uint64_t i = 0; i < d->lines; i++) {
		if (room - used < sizeof(line)) {
			if (write(fd, buffer, used) != (ssize_t)used)
				die("cannot write %s", d->text);
			used = 0;
		}
		memcpy(buffer + used, line, sizeof(line) - 1);
		used += sizeof(line) - 1;
	}
	end = wall_ns();
	close(fd);
	free(buffer);
	return end - begin;
}

static void write_image(const struct world *w, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	size_t bytes = (size_t)1 << w->order;

	for (size_t at = 0; at < bytes;) {
		ssize_t n = write(fd, (const char *)w->raw + at, bytes - at);

		if (n <= 0)
			die("cannot write %s", path);
		at += (size_t)n;
	}
	close(fd);
}

/* Every valid entry must have come out, as a line. */
static void verify_text(const struct dump *d)
{
	FILE *file = fopen(d->text, "r");
	uint64_t lines = 0;
	int c;

	while (file && (c = getc_unlocked(file)) != EOF)
		lines += c == '\n';
	if (!file || lines != d->lines + 1)
		die("the dump has %llu lines", (unsigned long long)lines);
	fclose(file);
}

static void dump_text(struct bench *b)
{
	struct dump d = { .b = b };
	struct measure m;
	struct world w;

	if (!b->hpt || b->max_order < 26) {
		skip(b, "dump/text/2^26", b->hpt ? "--max-order" : "no --hpt");
		return;
	}
	snprintf(d.image, sizeof(d.image), "%s/libhpt-bench-table", b->dir);
	snprintf(d.text, sizeof(d.text), "%s/libhpt-bench-text", b->dir);
	world_make(&w, 26);
	d.lines = w.valid;
	write_image(&w, d.image);
	world_free(&w);
	run_dump(&d);
	verify_text(&d);
	m = measure_everywhere(b, (struct job){ run_dump, &d }, (struct job){ run_print, &d },
			       (struct job){ NULL, NULL });
	report_measure(b, "dump/text/2^26", "ms", 1e6, &m, 1.5);
	unlink(d.image);
	unlink(d.text);
}

void bench_guest(struct bench *b)
{
	if (wanted(b, "guest")) {
		if (b->guest) {
			saved_guest(b, "512M", UINT64_C(512) << 20);
			saved_guest(b, "64M", UINT64_C(64) << 20);
		} else {
			skip(b, "guest", "no --guest");
		}
	}
	if (wanted(b, "dump"))
		dump_text(b);
}
