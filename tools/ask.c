/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "machine.h"

/* Options that say whose eyes to look with, and how. */

#include <stdlib.h>
#include <string.h>

int asking_begin(struct asking *asking, const struct command *command, int argc)
{
	struct common common;

	if (options_begin(&common, command, argc))
		return EXIT_ERROR;
	*asking = (struct asking){ .common = common };
	return 0;
}

void asking_end(struct asking *asking)
{
	free(asking->common.then);
}

static int set_cpu(struct asking *asking)
{
	uint64_t cpu;

	if (parse_number(optarg, &cpu) || cpu > UINT32_MAX)
		return bad_value(&asking->common, "cpu", optarg, "the number of a vCPU");
	asking->cpu = (uint32_t)cpu;
	asking->has_cpu = true;
	return 0;
}

static int set_processor(struct asking *asking)
{
	if (parse_processor_name(optarg, &asking->processor))
		return bad_value(&asking->common, "processor", optarg,
				 "970, power5+, power6, power7, power8, power9 or power10");
	asking->has_processor = true;
	return 0;
}

static int set_linux(struct asking *asking)
{
	asking->use_linux = true;
	if (!optarg)
		return 0;
	if (parse_number(optarg, &asking->context) || !asking->context ||
	    asking->context >= UINT64_C(1) << 19)
		return bad_value(&asking->common, "linux", optarg,
				 "the number of a context, 1 to 0x7ffff");
	asking->has_context = true;
	return 0;
}

static int set_linux_pages(struct asking *asking)
{
	uint64_t bytes;

	if (parse_number(optarg, &bytes) || (bytes != 4096 && bytes != 65536))
		return bad_value(&asking->common, "linux-pages", optarg, "4K or 64K");
	asking->page_shift = bytes == 4096 ? 12 : 16;
	return 0;
}

static int set_access(struct asking *asking)
{
	static const char *const words[] = { "read", "write", "fetch", "any" };
	static const enum hpt_access accesses[] = { HPT_ACCESS_READ, HPT_ACCESS_WRITE,
						    HPT_ACCESS_FETCH, HPT_ACCESS_READ };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(optarg, words[i]) == 0) {
			asking->access = accesses[i];
			asking->access_flags = i == 3 ? HPT_XLATE_ANY : 0;
			asking->has_access = true;
			return 0;
		}
	}
	return bad_value(&asking->common, "access", optarg, "read, write, fetch or any");
}

static int set_translation(struct asking *asking)
{
	if (strcmp(optarg, "on") == 0)
		asking->translation = TRANSLATION_ON;
	else if (strcmp(optarg, "off") == 0)
		asking->translation = TRANSLATION_OFF;
	else
		return bad_value(&asking->common, "translation", optarg, "on or off");
	return 0;
}

int asking_option(struct asking *asking, int code)
{
	switch (code) {
	case OPT_CPU:
		return set_cpu(asking);
	case OPT_REGISTERS:
		asking->registers = optarg;
		return 0;
	case OPT_SLB:
		asking->slb = optarg;
		return 0;
	case OPT_PROCESSOR:
		return set_processor(asking);
	case OPT_LINUX:
		return set_linux(asking);
	case OPT_LINUX_PAGES:
		return set_linux_pages(asking);
	case OPT_ACCESS:
		return set_access(asking);
	case OPT_DEBUG:
		asking->debug = true;
		return 0;
	case OPT_TRANSLATION:
		return set_translation(asking);
	default:
		return OPT_BAD;
	}
}
