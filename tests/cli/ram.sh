#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# --kind ram: a table in a machine's memory, by SDR1 or PTCR; with the monitor's files.

# shellcheck disable=SC2059,SC2162
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

for file in mig console oracle regs tlb; do
	fetch guest/guest.$file
done
guest=data/guest/guest.mig

# The guest's table, 2^21 bytes, in a memory of 6 MiB at 4 MiB.
"$HPT" convert --to image -o table $guest
{
	head -c 4194304 /dev/zero
	cat table
} >ram
# The monitor does not print AMR and IAMR: the guest says what they are.
awk -v console=data/guest/guest.console '
BEGIN { while ((getline line < console) > 0) if (split(line, f, " ") == 3 && f[1] ~ /^i?amr$/)
	extra[f[2]] = extra[f[2]] "\n" toupper(f[1]) " " f[3] }
{ print }
/^CPU#/ { print extra[substr($0, 5)] }' data/guest/guest.regs >regs

for cpu in 0 1; do
	awk -v cpu=$cpu '$1 == cpu { print $2, $3 }' data/guest/guest.oracle >expected
	for source in "--kind ram --sdr1 0x400003 ram" "--kind image table"; do
		sed 's/^\([0-9a-f]*\) .*/0x\1/' expected >addresses
		# shellcheck disable=SC2086
		"$HPT" translate --cpu $cpu --access any --registers regs \
			--slb data/guest/guest.tlb $source - <addresses | awk '{
			print substr($1, 3), $6 == "mapped" ? substr($2, 3) : "unmapped" }' >found
		ok "CPU $cpu, $source: all that the monitor said" same found expected
	done
done
sed 's/SDR1 [0-9a-f]*/SDR1 0000000000400003/' regs >sdr1
run translate --kind ram --registers sdr1 --slb data/guest/guest.tlb ram 0xc000000000010008
ok "SDR1 out of the registers" grep -q '^0xc000000000010008 0x10008 ' out
for command in "dump --json" "stat --json"; do
	# shellcheck disable=SC2086
	"$HPT" $command $guest >expected
	# shellcheck disable=SC2086
	"$HPT" $command --kind ram --sdr1 0x400003 ram >found
	ok "$command of the memory" same found expected
done
run info --kind ram --sdr1 0x400003 ram
ok "info of the memory" answered
ok "its kind" out_has "ram: the memory of a bare machine"
ok "its table" out_has "order 21: 2 MiB"
run info --json --kind ram --sdr1 0x400003 ram
ok "info in JSON" out_has '"kind":"ram"'
run convert --kind ram --sdr1 0x400003 --to image -o back ram
ok "convert gives the table back" same back table
run read --kind ram --sdr1 0x400003 --real ram 0x400000 0
ok "read of no bytes" answered
"$HPT" read --kind ram --sdr1 0x400003 --real --raw ram 0x400000 2M >found
ok "read gives its bytes" same found table
run read --kind ram --sdr1 0x400003 --real ram 0x600000 1
ok "the memory has an end" refused 1 "the image ends at 0x600000"

# Partition table at 64K, entry 1 a hash table of 2^18 bytes at 256K, with one entry: VSID 1
# (1T), offset 0, in the ISA 3.0 form: B in doubleword 1.
head -c 524288 /dev/zero >v3
poke() { printf "$2" | dd of=v3 bs=1 seek=$(($1)) conv=notrunc 2>/dev/null; }
poke 0x10010 '\0\0\0\0\0\4\0\0'
poke 0x40080 '\0\0\0\0\1\0\0\1\4\0\0\0\0\0\120\022'
printf 'SLB ESID VSID\n0 0x8000000 0x4000000001000400\n' >slb
run translate --kind ram --ptcr 0x10000 --lpid 1 --slb slb v3 0x123
ok "PTCR and --lpid" grep -q '^0x0000000000000123 0x5123 .* mapped$' out
run dump --kind ram --ptcr 0x10000 --lpid 1 v3
ok "the entry is shown in the classic form" grep -q '0x1 *1T *0x10000000000 *4K/4K *0x5000' out
run translate --kind ram --ptcr 0x10000 --slb slb v3 0x123
ok "an entry that is empty" status_is 1
ok "says so" err_has "no hashed page table"

run dump --kind ram ram
ok "neither SDR1 nor PTCR" refused 2 "--kind ram needs --sdr1 or --ptcr"
run dump --kind ram --sdr1 0x400003 --ptcr 0 ram
ok "both" refused 2 "--sdr1 and --ptcr exclude each other"
run dump --sdr1 0x400003 ram
ok "SDR1 of what is not said to be memory" refused 2 "--kind can say what it is"
fetch_stream powernv8/sparse-p1
run dump --sdr1 0x400003 "$(stream powernv8/sparse-p1)"
ok "SDR1 of something else" refused 2 "belong to --kind ram"
run dump --kind ram --sdr1 here ram
ok "SDR1 that is none" refused 2 "--sdr1: 'here' is not a number"
run dump --kind ram --sdr1 0x400003 --then x ram
ok "a pass on top" refused 2 "--then belongs to --kind kvm-stream"
run dump --kind ram --sdr1 0x40001f ram
ok "SDR1 with a size that is reserved" status_is 2
run stat --kind ram --sdr1 0x600003 ram
ok "a table beyond the end" status_is 2
run dump --kind ram --sdr1 0x400003 none
ok "no such file" refused 2 "none: "
run dump --kind ram --sdr1 0x400003 .
ok "a directory" refused 2 "must be a plain file"
: >empty
run dump --kind ram --sdr1 0x400003 empty
ok "an empty file" refused 2 "the file is empty"

finish
