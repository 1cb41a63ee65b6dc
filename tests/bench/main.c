/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "bench.h"

#include <getopt.h>

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "plot", no_argument, NULL, 'p' },
	{ "hpt", required_argument, NULL, 'c' },
	{ "guest", required_argument, NULL, 'g' },
	{ "vcpus", required_argument, NULL, 'v' },
	{ "portable", required_argument, NULL, 'l' },
	{ "dir", required_argument, NULL, 'd' },
	{ "only", required_argument, NULL, 'o' },
	{ "runs", required_argument, NULL, 'r' },
	{ "max-order", required_argument, NULL, 'm' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"Usage: bench [OPTION]...\n"
	"Measure libhpt beside what this machine's memory can do.\n"
	"\n"
	"      --json           one JSON object a line\n"
	"      --plot           the figures of the plots, as columns\n"
	"      --only TEXT      only groups of figures with TEXT in their name\n"
	"      --runs N         runs of each figure, of which the median counts\n"
	"      --max-order N    no table above 2^N bytes\n"
	"      --hpt FILE       the command\n"
	"      --guest FILE     a guest saved by QEMU, not compressed\n"
	"      --vcpus DIR      for --plot: what vcpu-guests made\n"
	"      --portable FILE  libhpt as a module, built without vectors\n"
	"      --dir DIR        for large files\n";

static unsigned number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!n || *end || n > 99)
		die("%s is not a number from 1 to 99", text);
	return (unsigned)n;
}

static void set(struct bench *b, int c, const char *value)
{
	switch (c) {
	case 'j':
		b->json = true;
		break;
	case 'p':
		b->plot = true;
		break;
	case 'c':
		b->hpt = value;
		break;
	case 'g':
		b->guest = value;
		break;
	case 'v':
		b->vcpus = value;
		break;
	case 'l':
		b->portable = value;
		break;
	case 'd':
		b->dir = value;
		break;
	case 'o':
		b->only = value;
		break;
	case 'r':
		b->runs = number(value);
		break;
	case 'm':
		b->max_order = number(value);
		break;
	case 'h':
		fputs(help, stdout);
		exit(0);
	default:
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct bench b = { .runs = 9, .patience = 120e9, .max_order = 30, .dir = "/tmp" };
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		set(&b, c, optarg);
	if (!pin(0))
		fputs("bench: cannot stay on one CPU\n", stderr);
	if (b.plot) {
		bench_plot(&b);
		return 0;
	}
	bench_translate(&b);
	bench_stream(&b);
	bench_scan(&b);
	bench_guest(&b);
	bench_scale(&b);
	return report_end(&b);
}
