/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A line a figure, for people or for programs. */

#include "bench.h"

bool wanted(const struct bench *b, const char *name)
{
	return !b->only || strstr(name, b->only);
}

static void heading(struct bench *b)
{
	if (!b->json && !b->printed++)
		printf("%-44s %12s %-10s %12s %7s %7s\n", "figure", "value", "unit", "limit",
		       "ratio", "goal");
}

static void report_json(const struct figure *f, bool ok)
{
	printf("{\"name\":\"%s\",\"value\":%.4g,\"unit\":\"%s\",", f->name, f->value, f->unit);
	if (f->limit > 0)
		printf("\"limit\":%.4g,\"ratio\":%.4g,", f->limit, f->ratio);
	else
		printf("\"limit\":null,\"ratio\":null,");
	if (f->goal > 0)
		printf("\"goal\":%.4g,\"ok\":%s", f->goal, ok ? "true" : "false");
	else
		printf("\"goal\":null,\"ok\":null");
	if (f->busy)
		printf(",\"busy\":%u", f->busy);
	puts("}");
}

static void report_text(const struct figure *f, bool ok)
{
	printf("%-44s %12.5g %-10s ", f->name, f->value, f->unit);
	if (f->limit > 0)
		printf("%12.5g %7.3f ", f->limit, f->ratio);
	else
		printf("%12s %7s ", "-", "-");
	if (f->goal > 0)
		printf("%7.3g  %-6s", f->goal, ok ? "ok" : "MISSED");
	else
		printf("%7s  %6s", "-", "");
	if (f->busy)
		printf(" busy: %u", f->busy);
	putchar('\n');
}

void report(struct bench *b, const struct figure *f)
{
	bool ok = (f->limit > 0 ? f->ratio : f->value) <= f->goal;

	heading(b);
	if (f->goal > 0)
		b->missed += !ok;
	if (b->json)
		report_json(f, ok);
	else
		report_text(f, ok);
	fflush(stdout);
}

void report_measure(struct bench *b, const char *name, const char *unit, double per,
		    const struct measure *m, double goal)
{
	const struct figure f = {
		.name = name,
		.unit = unit,
		.value = m->value / per,
		.limit = m->limit / per,
		.ratio = m->ratio,
		.goal = goal,
		.busy = m->busy,
	};

	report(b, &f);
}

void report_bytes(struct bench *b, const char *name, double value, double limit)
{
	const struct figure f = { .name = name,
				  .unit = "bytes",
				  .value = value,
				  .limit = limit,
				  .ratio = value / limit,
				  .goal = 1 };

	report(b, &f);
}

void skip(struct bench *b, const char *name, const char *why)
{
	heading(b);
	if (b->json)
		printf("{\"name\":\"%s\",\"skipped\":\"%s\"}\n", name, why);
	else
		printf("%-44s skipped: %s\n", name, why);
	fflush(stdout);
}

int report_end(struct bench *b)
{
	if (!b->json)
		printf("%u missed\n", b->missed);
	return b->missed ? 1 : 0;
}
