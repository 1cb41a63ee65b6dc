/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "cpus.h"
#include "machine.h"

/* hpt cpus: the vCPUs, their registers and SLBs. */

#include <stdlib.h>
#include <unistd.h>

static const struct option cpus_options[] = {
	SOURCE_OPTIONS,       COLOR_OPTION,
	CPU_OPTIONS,          { "json", no_argument, NULL, OPT_JSON },
	{ NULL, 0, NULL, 0 },
};

static const char cpus_help[] =
	"Usage: hpt cpus [OPTION]... SOURCE\n"
	"Show the vCPUs of a guest: registers, and the SLB, which holds their segments.\n"
	"\n"
	"      --cpu N           this one alone\n"
	"      --registers FILE  of a source without vCPUs: their registers, as QEMU's\n"
	"                        'info registers' prints them\n"
	"      --slb FILE        likewise the SLB: what 'info tlb' prints\n"
	"      --processor NAME  rules and page sizes of a 970, power5+, power6, power7,\n"
	"                        power8, power9 or power10, if the source does not say\n"
	"      --json            one JSON object a line\n" COLOR_HELP
	"  -h, --help            this text\n"
	"\n" SOURCE_HELP "\n"
	"Exit status: 0 yes, 1 the source has no vCPU, 2 an error.\n";

const char *isa_name(enum hpt_isa isa)
{
	switch (isa) {
	case HPT_ISA_2_01:
		return "2.01";
	case HPT_ISA_2_03:
		return "2.03";
	case HPT_ISA_2_05:
		return "2.05";
	case HPT_ISA_2_06:
		return "2.06";
	case HPT_ISA_2_07:
		return "2.07";
	case HPT_ISA_3_0:
		return "3.0";
	case HPT_ISA_3_1:
		return "3.1";
	}
	return "unknown";
}

const char *platform_name(enum hpt_platform platform)
{
	static const char *const names[] = { "pseries", "bare", "no-hv" };

	return names[platform];
}

unsigned slb_base_shift(const struct hpt_cpu *cpu, const struct hpt_slb_entry *entry)
{
	for (uint32_t i = 0; i < cpu->sizes->n; i++)
		if (cpu->sizes->base[i].slb_enc == (entry->vsid & HPT_SLB_LLP))
			return cpu->sizes->base[i].shift;
	return 0;
}

struct cpus {
	struct asking asking;
	bool json;
	struct machine machine;
	struct output out;
};

/* Returns the number of vCPUs that the source itself has, 0: none, or it cannot be told. */
static uint32_t count_vcpus(const struct cpus *cpus)
{
	struct hpt_guest_info info = { .size = sizeof(info) };

	if (cpus->asking.registers || cpus->asking.slb || cpus->asking.has_cpu ||
	    !cpus->machine.source.guest ||
	    hpt_guest_info(cpus->machine.source.guest, &info, NULL) ||
	    info.vcpus == HPT_GUEST_VCPUS_UNKNOWN)
		return 0;
	return info.vcpus;
}

static int put_cpus(struct cpus *cpus)
{
	cpu_fn *put = cpus->json ? cpu_json : cpu_text;
	uint32_t n = count_vcpus(cpus);
	struct hpt_error err;

	if (n < 2) {
		put(&cpus->out, &cpus->machine.vcpu);
		return 0;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (vcpu_from_guest(&cpus->machine.vcpu, cpus->machine.source.guest, i,
				    &err)) {
			complain("%s", err.text);
			return EXIT_ERROR;
		}
		if (i && !cpus->json)
			put_char(&cpus->out, '\n');
		put(&cpus->out, &cpus->machine.vcpu);
	}
	return 0;
}

static int cpus_print(struct cpus *cpus)
{
	int ret, closed;

	if (!cpus->machine.vcpu.has_registers && !cpus->machine.vcpu.has_slb) {
		complain("the source has no vCPU; --registers and --slb can give one");
		return EXIT_NO;
	}
	ret = output_open(&cpus->out, STDOUT_FILENO, "standard output");
	if (ret)
		return ret;
	output_colour(&cpus->out, cpus->asking.common.colour);
	ret = put_cpus(cpus);
	closed = output_close(&cpus->out);
	return ret ? ret : closed;
}

static int cpus_source(struct cpus *cpus, int argc, char **argv)
{
	int ret = options_end(&cpus->asking.common, argc, argv);

	if (!ret)
		ret = machine_open(&cpus->machine, &cpus->asking,
				   HPT_GUEST_WHOLE | HPT_GUEST_GUESS_ORDER, false);
	if (ret)
		return ret;
	ret = cpus_print(cpus);
	machine_close(&cpus->machine);
	return ret;
}

static int cpus_main(const struct command *self, int argc, char **argv)
{
	struct cpus cpus = { .json = false };
	int code, ret;

	if (asking_begin(&cpus.asking, self, argc))
		return EXIT_ERROR;
	while ((code = options_next(&cpus.asking.common, argc, argv)) != OPT_END) {
		if (code == OPT_JSON)
			cpus.json = true;
		else if (code == OPT_BAD || asking_option(&cpus.asking, code))
			break;
	}
	if (code != OPT_END)
		ret = EXIT_ERROR;
	else if (cpus.asking.common.help)
		ret = output_text(cpus_help);
	else
		ret = cpus_source(&cpus, argc, argv);
	asking_end(&cpus.asking);
	return ret;
}

const struct command cpus_command = {
	.name = "cpus",
	.summary = "vCPUs: registers and segments (SLB)",
	.help = cpus_help,
	.options = cpus_options,
	.short_options = ":h",
	.run = cpus_main,
};
