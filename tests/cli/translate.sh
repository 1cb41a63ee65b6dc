#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# hpt translate against a guest that knows where its addresses lead, and QEMU's monitor.

# shellcheck disable=SC2034
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

for file in mig console oracle regs tlb; do
	fetch guest/guest.$file
done
guest=data/guest/guest.mig
console=data/guest/guest.console
oracle=data/guest/guest.oracle

# answers OPTION... <ADDRESSES: "ea ra|unmapped" in plain hex, as the truths have them
answers()
{
	"$HPT" translate "$@" "$guest" - | awk '{
		print substr($1, 3), $6 == "mapped" ? substr($2, 3) : "unmapped" }'
}

for cpu in 0 1; do
	awk -v cpu=$cpu '$1 == cpu { print $2, $3 }' $oracle >expected
	sed 's/^\([0-9a-f]*\) .*/0x\1/' expected >addresses
	answers --cpu $cpu --access any <addresses >found
	ok "CPU $cpu: all that the monitor said ($(wc -l <expected))" same found expected
	if "$HPT" --version | grep -q '^compressed files: lib'; then
		xz -c $guest >guest.xz
		"$HPT" translate --cpu $cpu --access any guest.xz - <addresses | awk '{
			print substr($1, 3), $6 == "mapped" ? substr($2, 3) : "unmapped" }' >found
		ok "CPU $cpu: compressed, too" same found expected
	fi

	awk -v cpu=$cpu '$1 == "map" && $2 == cpu { print $3, $4 }' $console >expected
	sed 's/^\([0-9a-f]*\) .*/0x\1/' expected >addresses
	answers --cpu $cpu --access any <addresses >found
	ok "CPU $cpu: what the guest says is mapped" same found expected
	answers --cpu $cpu <addresses >found
	ok "CPU $cpu: a debugger's look finds all of it" same found expected
	answers --cpu $cpu --access any --debug <addresses >found
	ok "CPU $cpu: so does --debug" same found expected

	awk -v cpu=$cpu '$1 == "unmapped" && $2 == cpu { print $3, "unmapped" }' $console >expected
	sed 's/^\([0-9a-f]*\) .*/0x\1/' expected >addresses
	[ -s expected ] || continue
	answers --cpu $cpu --access any <addresses >found
	ok "CPU $cpu: what the guest says is not" same found expected
done

# Faults: the interrupt, DAR and DSISR, or the bits of SRR1 that tell a reason.
known() { awk -v how="$1" '$1 == "fault" && $2 == 0 && $3 == how' $console; }
for pair in load=read store=write fetch=fetch; do
	how=${pair%=*}
	known "$how" | awk '{ print "0x" $4 }' >addresses
	"$HPT" translate --json --access "${pair#*=}" $guest - <addresses |
		sed 's/.*"interrupt":\([^,]*\),"dar":\([^,]*\),"dsisr":\([^,]*\),"srr1":\([^,]*\),.*/\1 \2 \3 \4/
			s/"//g; s/0x//g' >found
	known "$how" | awk '
	function strip(s) { sub(/^0+/, "", s); return s == "" ? "0" : s }
	# of SRR1 only bits 33 to 36 and 42 to 47 tell a reason: 0x783f0000
	function digit(c) { return index("0123456789abcdef", c) - 1 }
	function reasons(s, high, third, fourth) {
		high = digit(substr(s, 9, 1)) % 8
		third = int(digit(substr(s, 10, 1)) / 8) * 8
		fourth = digit(substr(s, 11, 1)) % 4
		return strip(sprintf("%x%x%x%s0000", high, third, fourth, substr(s, 12, 1)))
	}
	{
		delete field
		for (i = 5; i < NF; i += 2)
			field[$i] = $(i + 1)
		print field["vector"], "dar" in field ? strip(field["dar"]) : "null",
			"dsisr" in field ? field["dsisr"] : "null",
			"srr1" in field ? reasons(field["srr1"]) : "null"
	}' >expected
	ok "$how: each fault as the CPU had it ($(wc -l <expected))" same found expected
done

# Forms and statuses.
read -r _ _ ea ra < <(grep '^map 0 ' $console)
run translate $guest "0x$ea"
ok "a mapped address has status 0" answered
ok "text begins with both addresses" grep -q "^0x$ea 0x$ra " out
run translate $guest "0x$ea" 0x40000000
ok "one that is not: status 1" status_is 1
ok "without a word on standard error" err_empty
ok "and an answer for each" test "$(wc -l <out)" -eq 2
ok "which says why" grep -q '^0x0000000040000000 - .* no segment: 0x380 (data segment) DAR=0x40000000$' out
run translate --json $guest 0x40000000
ok "JSON says so, too" out_is '{"ea":"0x40000000","outcome":"no segment","access":"read","mode":"segment","ra":null,"allowed":null,"vsid":null,"segment_shift":null,"base_shift":null,"va":null,"page_shift":null,"ptex":null,"secondary":null,"pp":null,"key":null,"wimg":null,"interrupt":"0x380","dar":"0x40000000","dsisr":null,"srr1":null,"asdr":null}'
run translate $guest "$((0x10000000))" 0x10000000 256M
ok "decimal, hexadecimal and suffixes" test "$(cut -d' ' -f1 out | sort -u | wc -l)" -eq 1
run translate --translation off $guest 0x123456
ok "translation off" grep -q '^0x0000000000123456 0x123456 .* mapped by real$' out
run translate --access read --translation off --cpu 1 $guest 0xc000000000000010
ok "off is the address less its highest bits" grep -q ' 0x10 ' out

# Text and JSON say the same.
awk '$1 == 0 { print "0x" $2 }' $oracle >addresses
"$HPT" translate $guest - <addresses | awk '{ print $1, $2, $3, $5 }' >text
"$HPT" translate --json $guest - <addresses | tr -d '{}"' | awk -F, '{
	for (i = 1; i <= NF; i++) {
		split($i, pair, ":")
		value[pair[1]] = pair[2] == "null" ? "-" : pair[2]
	}
	ea = substr(value["ea"], 3)
	while (length(ea) < 16)
		ea = "0" ea
	print "0x" ea, value["ra"], value["allowed"] == "-" ? "---" : value["allowed"], value["ptex"]
}' >json
ok "text and JSON say the same" same text json
if command -v python3 >/dev/null; then
	"$HPT" translate --json $guest - <addresses >out
	ok "each line is JSON" python3 -c 'import json, sys
for line in open(sys.argv[1]): json.loads(line)' out
fi

# Standard input.
head -n 300 addresses >some
run_in() { "$HPT" "$@" >out 2>err; status=$?; }
run_in translate $guest - <some
cp out expected
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do cat some; done >many
run_in translate $guest - <many
ok "more than a batch" test "$(wc -l <out)" -eq 3600
tail -n 300 out >last
ok "in the order of the questions" same last expected
(while read -r line; do echo "$line"; done <some) | "$HPT" translate $guest - >out
ok "through a pipe" same out expected
sed 's/$/ \r/; s/^/ \t/' some >odd
run_in translate $guest - <odd
ok "blanks around an address" same out expected
{ echo; cat some; echo; } | head -c -1 >odd
run_in translate $guest - <odd
ok "empty lines" same out expected
head -c -1 some >odd
run_in translate $guest - <odd
ok "no newline at the end" same out expected
run_in translate $guest - </dev/null
ok "no address at all" answered
ok "no answer at all" out_empty
{ head -n 3 some; echo 0xzz; head -n 3 some; } >odd
run_in translate $guest - <odd
ok "a line that is none" status_is 2
ok "names the line" err_has "standard input, line 4: '0xzz' is not an address"
ok "answers before it" test "$(wc -l <out)" -eq 3
head -c 300000 /dev/zero | tr '\0' 1 >odd
run_in translate $guest - <odd
ok "a line without an end" refused 2 "standard input, line 1: "
run_in translate - 0x10 <$guest
ok "the guest on standard input" test "$(wc -l <out)" -eq 1

# A program that asks and waits.
mkfifo ask answer
"$HPT" translate $guest - <ask >answer &
exec 3>ask 4<answer
echo "0x$ea" >&3
read -r -t 20 line <&4
ok "a question is answered at once" test "${line%% *}" = "0x$ea"
echo 0x40000000 >&3
read -r -t 20 line <&4
ok "and the next" test "${line%% *}" = 0x0000000040000000
exec 3>&- 4<&-
wait

# Errors.
run translate $guest
ok "no address" refused 2 "no address was given"
run translate $guest 0x10 x10
ok "a word that is no address" refused 2 "'x10' is not an address"
run translate - -
ok "standard input twice" refused 2 "can be read only once"
run translate --cpu 2 $guest 0
ok "a vCPU that is not there" refused 2 "--cpu 2: the guest has no such vCPU; it has 2"
run translate --linux $guest 0
ok "--linux of something else" refused 2 "--linux: no segment in the SLB"

finish
