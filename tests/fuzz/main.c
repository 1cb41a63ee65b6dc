/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Gives a target the files of its command line, and those in its directories, without a
 * fuzzing engine: for the corpus and the regressions, under any compiler. Says how many.
 *
 *	TARGET [-s SECONDS] FILE|DIRECTORY...
 *
 * -s is the processor time that any one input may take.
 */
#ifndef FUZZ_ENGINE
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define PATH_ROOM 4096

static unsigned long inputs;
static double allowed = 5, slowest;
static char slowest_path[PATH_ROOM];

static void fail(const char *path, const char *what)
{
	(void)fprintf(stderr, "%s: %s\n", path, what);
	exit(2);
}

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* In memory of exactly its size, so that one byte too far is noticed. */
static void run_bytes(const char *path, FILE *file, size_t len)
{
	uint8_t *bytes = malloc(len ? len : 1);
	double begun, took;

	if (!bytes || fread(bytes, 1, len, file) != len)
		fail(path, "cannot be read");
	begun = now();
	(void)LLVMFuzzerTestOneInput(bytes, len);
	took = now() - begun;
	free(bytes);
	inputs++;
	if (took > slowest) {
		slowest = took;
		(void)snprintf(slowest_path, sizeof(slowest_path), "%s", path);
	}
	if (took > allowed)
		fail(path, "takes too long");
}

static void run_file(const char *path, off_t size)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		fail(path, strerror(errno));
	run_bytes(path, file, (size_t)size);
	(void)fclose(file);
}

static void run_path(const char *path);

static void run_directory(const char *path)
{
	char inside[PATH_ROOM];
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort);

	if (n < 0)
		fail(path, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.') {
			(void)snprintf(inside, sizeof(inside), "%s/%s", path,
				       names[i]->d_name);
			run_path(inside);
		}
		free(names[i]);
	}
	free(names);
}

static void run_path(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		fail(path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		run_directory(path);
	else
		run_file(path, st.st_size);
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "s:")) != -1) {
		if (option != 's')
			return 2;
		allowed = strtod(optarg, NULL);
	}
	for (int i = optind; i < argc; i++)
		run_path(argv[i]);
	printf("%lu inputs, the slowest %.3f s: %s\n", inputs, slowest, slowest_path);
	return 0;
}
#endif
