#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# hpt cpus against what QEMU's monitor printed of the same guest.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

for file in mig console regs tlb; do
	fetch guest/guest.$file
done
guest=data/guest/guest.mig
regs=data/guest/guest.regs
tlb=data/guest/guest.tlb

# "cpu name value" of registers, "cpu slb slot esid vsid" of the SLB, out of JSON
from_json()
{
	tr -d '{}"[]' | tr ',' '\n' | sed 's/^spr://; s/^slb://; s/^gpr:/gpr\n/' | awk -F: '
	function pad(s) { s = substr(s, 3); while (length(s) < 16) s = "0" s; return s }
	$1 == "cpu" { cpu = $2; gpr = -1 }
	$1 == "gpr" { gpr = 0; next }
	gpr >= 0 && NF == 1 { print cpu, "gpr" gpr++, pad($1); next }
	$1 == "slot" { slot = $2 }
	$1 == "esid_word" { esid = $2 }
	$1 == "vsid_word" { print cpu, "slb", slot, pad(esid), pad($2) }
	$1 ~ /^(pc|msr|lr|ctr|xer|dar|dsisr|srr0|srr1|lpcr|pvr|cfar|sprg[0-3])$/ {
		print cpu, $1, pad($2)
	}' | sort
}

from_monitor()
{
	{
		awk '
		/^CPU#/ { cpu = substr($0, 5) }
		/^GPR/ { n = substr($1, 4) + 0; for (i = 2; i <= 5; i++) print cpu, "gpr" n++, $i }
		!/^GPR|^FPR|^TB/ {
			for (i = 1; i < NF; i++) {
				name = $i == "NIP" ? "pc" : tolower($i)
				if (name ~ /^(pc|msr|lr|ctr|xer|dar|dsisr|srr0|srr1|lpcr|pvr|cfar|sprg[0-3])$/)
					print cpu, name, $(i + 1)
			}
		}' $regs
		awk '
		/^# cpu/ { cpu = $3 }
		/^[0-9]/ { print cpu, "slb", $1, substr($2, 3), substr($3, 3) }' $tlb
	} | sort
}

from_monitor >expected
"$HPT" cpus --json $guest >out
from_json <out >found
ok "registers and SLB of both vCPUs" same found expected
if command -v python3 >/dev/null; then
	ok "each line is JSON" python3 -c 'import json, sys
for line in open(sys.argv[1]): json.loads(line)' out
fi
for cpu in 0 1; do
	"$HPT" cpus --json --cpu $cpu $guest | from_json >found
	ok "--cpu $cpu alone" same found <(grep "^$cpu " expected)
	"$HPT" cpus --json --cpu $cpu --registers $regs --slb $tlb $guest | from_json >found
	ok "--cpu $cpu by the monitor's files" same found <(grep "^$cpu " expected)
	"$HPT" convert --force --to image -o image $guest
	"$HPT" cpus --json --cpu $cpu --registers $regs --slb $tlb image | from_json >found
	ok "--cpu $cpu of a source that has none" same found <(grep "^$cpu " expected)
done

run cpus $guest
ok "text answers" answered
ok "both vCPUs" test "$(grep -c '^CPU [01]: ISA 2.07, pseries' out)" -eq 2
ok "MSR with its bits" grep -q '^  msr    0x8000000000001032 SF ME IR DR RI$' out
ok "user state has PR" grep -q '^  msr    0x800000000000d032 SF EE PR ME IR DR RI$' out
ok "a segment" grep -q '^     0  0xc000000000000000  0x1f00d5a  *1T   64K   0  1 0 0$' out
ok "one that was written without V" grep -q ' invalid$' out
ok "AMR as the guest set it" grep -q 'amr    0x0020100000300000' out

# Odd files.
run cpus --kind image image
ok "a source without vCPUs" refused 1 "the source has no vCPU"
run cpus --registers none image
ok "no such file" refused 2 "none: "
while IFS='|' read -r name option text expected; do
	printf "%b" "$text" >odd
	run cpus "$option" odd image
	ok "$name" refused 2 "$expected"
done <<'LIST'
no registers|--registers|nothing\n|odd: no registers of CPU 0: expected what QEMU's 'info registers' prints
an empty file|--registers||odd: no registers of CPU 0
a register without a number|--registers|NIP 0 LR\n|odd:1: 'LR': expected a register's name and its value
a number that is none|--registers|\nNIP 00 MSR 12x\n|odd:2: '12x': expected a register's name and its value
a number too large|--registers|NIP 10000000000000000\n|odd:1: '10000000000000000': expected
a GPR that is none|--registers|NIP 0\nGPR00 0 1 2 zz\n|odd:2: 'zz': expected a register in hexadecimal
no SLB|--slb|nothing\n|odd: no SLB of CPU 0: expected what QEMU's 'info tlb' prints
a slot too many|--slb|SLB ESID VSID\n64 0x8000000 0x0\n|odd:2: '64': expected the number of an SLB slot, 0 to 63
a slot twice|--slb|SLB ESID VSID\n3 0x8000000 0x0\n3 0x18000000 0x0\n|odd:3: '3': expected another slot
half a slot|--slb|SLB ESID VSID\n3 0x8000000\n|odd:2: '3': expected a slot, its ESID word and its VSID word
LIST
run cpus --cpu 5 --registers $regs image
ok "a vCPU that the file does not have" refused 2 "no registers of CPU 5"
sed 's/$/\r/' $regs | grep -v '^#' >odd
"$HPT" cpus --json --cpu 1 --registers odd image | from_json >found
ok "a file from elsewhere: other ends of lines" same found \
	<(grep '^1 ' expected | grep -v '^1 slb')
sed -n '/# cpu 1/,$p' $tlb | sed 1d >one
"$HPT" cpus --json --cpu 1 --slb one image | from_json >found
ok "the SLB of one CPU, whichever" same found <(grep '^1 slb' expected)

finish
