#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Commands, options and their values; what is said of wrong ones.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch_stream powernv8/sparse-p1
source=$(stream powernv8/sparse-p1)

run --help
ok "--help answers" answered
for command in info dump stat convert vmcore translate explain read cpus who diff watch list gdbserver; do
	ok "--help lists $command" out_has "  $command "
done
run -h
ok "-h answers" answered
run help
ok "help answers" answered

run --version
ok "--version answers" answered
ok "--version begins with the name" grep -q '^hpt [0-9]' "$dir/out"
ok "--version says what the build can do" grep -q '^compressed files: ' "$dir/out"

for command in info dump stat convert vmcore translate explain read cpus who diff watch gdbserver; do
	run "$command" --help
	cp out help
	ok "$command --help answers" answered
	ok "$command --help shows usage" grep -q "^Usage: hpt $command " out
	run help "$command"
	ok "help $command is the same" same out help
	run "$command"
	ok "$command without a source" refused 2 "no SOURCE was given"
	run "$command" a b c d
	case $command in
	translate) ok "translate with words that are none" refused 2 "'b' is not an address" ;;
	read) ok "read with an operand too many" refused 2 "one address and one length" ;;
	explain | who) ok "$command with two addresses" refused 2 "what of 'c'?" ;;
	diff) ok "diff with three sources" refused 2 "what of 'c'?" ;;
	*) ok "$command with two sources" refused 2 "what of 'b'?" ;;
	esac
	run "$command" --jsno "$source"
	ok "$command with an unknown option" refused 2 "unknown"
	run "$command" -y "$source"
	ok "$command with an unknown short option" refused 2 "unknown option -y"
	run "$command" --kind
	ok "$command with a missing value" refused 2 "--kind needs a value"
done

run
ok "no command" refused 2 "no command was given"
run dmup
ok "a mistyped command" refused 2 "did you mean 'dump'?"
run elephant
ok "an unknown command" refused 2 "unknown command 'elephant'"
run help elephant
ok "help of an unknown command" refused 2 "unknown command 'elephant'"
run --elephant
ok "an unknown option before the command" refused 2 "unknown option --elephant"
run dump --jsno "$source"
ok "a mistyped option" refused 2 "unknown option --jsno; did you mean --json?"
run dump --json=yes "$source"
ok "a value too many" refused 2 "--json takes no value"
ok "where to find help" err_has "Try 'hpt dump --help'."

# A value of each option that cannot be, and what was expected.
while read -r command option value expected; do
	run "$command" "$option" "$value" "$source"
	ok "$command $option $value" refused 2 "$option: '$value' is not $expected"
done <<'LIST'
info --kind elf qemu, kvm-stream, image, kvm-debugfs, core, kdump or ram
vmcore --kind exe qemu, kvm-stream, image, kvm-debugfs, core, kdump or ram
vmcore --user-context me the number of a context, from 1
info --form v2 classic or v3
info --sdr1 x a number, decimal or hexadecimal after 0x
who --ptcr 0x a number, decimal or hexadecimal after 0x
dump --lpid 4294967296 a number, decimal or hexadecimal after 0x
translate --cpu first the number of a vCPU
translate --access execute read, write, fetch or any
translate --translation maybe on or off
translate --linux-pages 16K 4K or 64K
explain --processor 601 970, power5+, power6, power7, power8, power9 or power10
read --cpu -1 the number of a vCPU
info --order 17 the log2 of a table's bytes, 18 to 46
info --order 47 the log2 of a table's bytes, 18 to 46
info --order big the log2 of a table's bytes, 18 to 46
info --dialect kvm kvm-le, kvm-be or qemu
info --color red auto, always or never
dump --ptex 5-3 a range: A, A-B, A- or A+N
dump --ptex 0x a range: A, A-B, A- or A+N
dump --ptex 1+0 a range: A, A-B, A- or A+N
dump --vsid x a range: A, A-B, A- or A+N
dump --vsid 0x10000000000000000 a range: A, A-B, A- or A+N
dump --ra 16X a range: A, A-B, A- or A+N
dump --ra 16777217T a range: A, A-B, A- or A+N
dump --page-size 5K a page size such as 64K, or two: BASE/ACTUAL
dump --page-size 4K/ a page size such as 64K, or two: BASE/ACTUAL
dump --limit many a number of entries
dump --processor power4 970, power5+, power6, power7, power8, power9 or power10
stat --processor z15 970, power5+, power6, power7, power8, power9 or power10
convert --to elf kvm-le, kvm-be, qemu or image
gdbserver --endian middle big or little
LIST

run translate --linux=0x80000 "$source" 0
ok "translate --linux=0x80000" refused 2 "--linux: '0x80000' is not the number of a context, 1 to 0x7ffff"
run dump --json --csv "$source"
ok "two forms" refused 2 "exclude each other"
run convert "$source" --to qemu
ok "convert without -o" refused 2 "-o FILE is missing"
run convert "$source" -o new
ok "convert without --to" refused 2 "--to is missing"
run info - --then -
ok "standard input twice" refused 2 "can be read only once"
run gdbserver --listen nowhere "$source"
ok "gdbserver --listen nowhere" refused 2 "'nowhere' is not unix:PATH, ADDRESS:PORT or stdio"
run gdbserver --listen 192.0.2.1:1 "$source"
ok "gdbserver --listen beyond this machine" refused 2 "--allow-remote permits it"
run gdbserver -
ok "gdbserver of what the debugger says" refused 2 "- is no source with --listen stdio"
run dump --ptex 16384 "$source"
ok "a range behind the table" refused 2 "the table has 16384 slots, 0 to 0x3fff"

run dump --limit 3 "$source"
cp out expected
ok "options before the operand" answered
run dump "$source" --limit 3
ok "options behind the operand" same out expected
run dump --limit=3 -- "$source"
ok "-- ends options" same out expected
cp "$source" ./--json
run dump --limit 3 -- --json
ok "-- lets an operand begin with -" same out expected
cp "$source" file:a
cp "$source" -- -
run dump --limit 3 file:file:a
ok "file: lets a name look like a prefix" same out expected
run dump --limit 3 file:a
ok "a prefix is no part of the name" refused 2 "a: cannot open"
run dump --limit 3 file:-
ok "file:- is a file" same out expected
run dump --limit 3 "file:$source"
ok "file: before a path from the root" same out expected
run dump --kind ram --sdr1 0 file:-
ok "file: before a machine's memory" refused 1 "SDR1 is 0"

run info "$dir/none"
ok "no such file" refused 2 "$dir/none: "
run dump "$dir"
ok "a directory" refused 2 "$dir: "
: >empty
run info empty
ok "an empty file" refused 2 "empty: "
head -c 100 /dev/zero >zeros
run info zeros
ok "a file of zeros" refused 2 "zeros: "

finish
