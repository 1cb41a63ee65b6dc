#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# hpt vmcore: a core is what the guest was, for others by core.py, and for hpt by its answers.

# shellcheck disable=SC2119,SC2162,SC2238
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

if "$HPT" --version | grep -q '^ELF cores: no'; then
	fetch guest/guest.mig
	run vmcore data/guest/guest.mig -o core
	ok "without libelf there is no core" refused 2 "needs a build with libelf"
	ok "and no file" missing core
	run vmcore data/guest/guest.mig --kind raw -o raw
	ok "but memory as it is" answered
	"$HPT" read --real --raw data/guest/guest.mig 0 256M >expected
	ok "which is the guest's" same raw expected
	printf '\177ELF\2\2\1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' >elf
	run info elf
	ok "nor is one read" refused 2 "this build has no libelf"
	finish
	exit
fi
command -v python3 >/dev/null || { echo "1..0 # SKIP python3 is missing"; exit; }

for file in mig console oracle regs tlb truth; do
	fetch guest/guest.$file
done
guest=data/guest/guest.mig
core() { python3 "$here/core.py" "$@" >out 2>err; }

run vmcore $guest -o core
ok "a core is written" answered
run vmcore $guest --kind raw -o raw
ok "memory as it is" answered
"$HPT" read --real --raw $guest 0 256M >expected
ok "is memory by real address" same raw expected
ok "registers, table and memory are the guest's" core check core "$dir/data/guest/guest.regs" \
	"$dir/data/guest/guest.truth" raw
for file in core raw; do
	ok "$file has holes" test "$(du -k $file | cut -f 1)" -lt 4096
done
if command -v readelf >/dev/null; then
	readelf -a core >listing 2>err
	status=$?
	ok "readelf reads it without a word" answered
	ok "and knows the notes" test "$(grep -cE 'NT_(PRSTATUS|FPREGSET|PPC_VMX|PPC_VSX) ' \
		listing)" -eq 8
fi

# What hpt says of a core is what it says of what that was made of.
as_before()
{
	"$HPT" "${@:2}" $guest "${addresses[@]}" >expected 2>&1
	"$HPT" "${@:2}" "$1" "${addresses[@]}" >found 2>&1
	same found expected
}
addresses=()
for command in dump "dump --json" stat cpus "cpus --json"; do
	# shellcheck disable=SC2086
	ok "$command of a core" as_before core $command
done
awk '$1 == 1 { print "0x" $2 }' data/guest/guest.oracle >eas
for cpu in 0 1; do
	"$HPT" translate --cpu $cpu --access any $guest - <eas >expected 2>&1
	"$HPT" translate --cpu $cpu --access any core - <eas >found 2>&1
	ok "CPU $cpu: translate says the same of $(wc -l <eas) addresses" same found expected
done
addresses=(0xc000000000010008)
for command in "explain" "explain --json --cpu 1 --access write"; do
	# shellcheck disable=SC2086
	ok "$command of a core" as_before core $command
done
addresses=(0xc000000000010008 64)
ok "read of a core" as_before core read
addresses=(0-256M)
ok "who of a core" as_before core who
"$HPT" info $guest | tail -n +4 >expected
"$HPT" info core >out
ok "its kind" out_has "core: an ELF core of a guest"
tail -n +4 out >found
ok "all that follows is the same" same found expected

xz -0 -k core
for source in core.xz -; do
	"$HPT" info $source <core | tail -n 9 >found
	tail -n 9 expected >last
	ok "a core compressed or through a pipe: $source" same found last
done
"$HPT" vmcore $guest -o - | "$HPT" dump --json - >found
"$HPT" dump --json $guest >expected
ok "a core through a pipe has its table" same found expected

run vmcore core -o again
ok "a core of a core" answered
ok "is the same" core same again core
"$HPT" vmcore - -o piped <$guest
ok "a core of a pipe is the same" core same piped core
"$HPT" vmcore --kind qemu $guest -o - | cat >stdout
ok "on standard output, too" same stdout core
cat raw >expected
"$HPT" vmcore core --kind raw -o - | cat >stdout
ok "memory of a core, too" same stdout expected
rm stdout piped again

# A core that somebody else made: registers and memory, no table.
sed 's/LIBHPT/NOBODY/g' core >foreign
run info foreign
ok "a foreign core has no table" status_is 1
ok "and says why" out_has "QEMU's dump-guest-memory"
run dump foreign
ok "dump says it, too" refused 1 "its hypervisor's and not in it"
addresses=(0 1M)
ok "its memory is read by real address" as_before foreign read --real
run cpus foreign
ok "its vCPUs have their general registers" answered
"$HPT" cpus --cpu 1 $guest | sed -n '/^ *gpr\|^ *r[0-9]/p; s/.*\(nip [0-9a-fx]*\).*/\1/p' >expected
"$HPT" cpus --cpu 1 foreign | sed -n '/^ *gpr\|^ *r[0-9]/p; s/.*\(nip [0-9a-fx]*\).*/\1/p' >found
ok "as they were" same found expected

# Of a bare machine: its table is in its memory, and an option says where.
"$HPT" convert --to image -o table $guest
{
	head -c 4194304 /dev/zero
	cat table
} >ram
core make bare ram
run info bare
ok "a core of a bare machine, without SDR1" status_is 1
run dump --json --sdr1 0x400003 bare
ok "with SDR1 its table is found" answered
"$HPT" dump --json $guest >expected
ok "and is the table" same out expected
run translate --sdr1 0x400003 --slb data/guest/guest.tlb bare 0xc000000000010008
ok "with an SLB its addresses translate" grep -q '^0xc000000000010008 0x10008 ' out
run cpus bare
ok "its vCPU is as the note says" out_has "0x0000000000001020"
run dump --ptcr 0x500000 bare
ok "a PTCR that leads nowhere" status_is 1
run dump --sdr1 0x400003 core
ok "a core that has its table needs no SDR1" refused 2 "does not say where its table lies"
run dump --sdr1 0x400003 $guest
ok "nor does a saved guest" refused 2 "belong to --kind ram"

core many many 70000
run read --real many 0x1116f0000 8
ok "more segments than the header can count" grep -q '00 00 00 00 00 01 11 6f' out
run read --real many 0x1116f0008 8
ok "and nothing between them" refused 1 "there is no RAM"

# What is no core, or is damaged.
core elf vmlinux 2 21
run info vmlinux
ok "an executable" refused 2 "type is 2, expected 4, a core"
core elf other 4 62
run info other
ok "a core of another machine" refused 2 "machine is 62, expected 21"
head -c 60 core >cut
run info cut
ok "a header that is cut" refused 2 "a header at offset 0 of a file of 60 bytes"
head -c 150 core >cut
run info cut
ok "program headers that are cut" refused 2 "program headers at offset 64"
head -c 1000 core >cut
run info cut
ok "notes that are cut" refused 2 "notes of"
head -c 1M core >cut
run info cut
ok "a table that is cut" refused 2 "a table of 2097152 bytes"
head -c 8M core >cut
run dump --json cut
ok "memory that is cut leaves the table" same out expected
run info cut
ok "and is remarked" out_has "the file is cut"
for patch in "4 03 class is 3" "5 03 byte order is 3" "54 0037 size of a program header" \
	"96 ffffffffffffffff notes of 18446744073709551615 bytes" "236 ffffffff leads beyond" \
	"152 0000000000100000 its order is 21"; do
	read -r at bytes text <<<"$patch"
	cp core damaged
	core patch damaged "$at" "$bytes"
	run dump damaged
	ok "damaged at $at: $text" refused 2 "$text"
done

run vmcore $guest
ok "without -o" refused 2 "-o FILE is missing"
run vmcore $guest -o core
ok "a file that exists" refused 2 "core: exists (--force replaces it)"
run vmcore $guest --kind raw --user-context 5 -o new
ok "a context in raw memory" refused 2 "--user-context belongs to --kind elf"
run vmcore $guest --user-context 0 -o new
ok "a context that is none" refused 2 "--user-context: '0' is not"
run vmcore $guest --user-context 5 -o new
ok "a context of no Linux" refused 2 "follows Linux's rule"
run vmcore $guest --kind exe -o new
ok "a kind that is none" refused 2 "--kind: 'exe' is not"
run vmcore table -o new
ok "a table alone" refused 1 "memory: a source of kind image has none"
run vmcore --kind ram --sdr1 0x400003 ram -o new
ok "memory alone" refused 2 "a core is made of a guest"
head -c 100000 $guest >cut
run vmcore cut -o new
ok "a guest that is cut" test $status -ne 0
ok "of all this nothing is left" missing new

finish
