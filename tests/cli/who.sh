#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# hpt who: entries by real address; a Linux guest's contexts and effective addresses.

# shellcheck disable=SC2059
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch guest/guest.mig
fetch guest/guest.console
guest=data/guest/guest.mig

# Each address that the guest says is mapped is found again among those of its real address.
"$HPT" translate --json $guest - < <(awk '$1 == "map" && $2 == 0 { print "0x" $3 }' \
	data/guest/guest.console) |
	sed 's/.*"ra":"\([^"]*\)".*"va":"\([^"]*\)".*"ptex":"\([^"]*\)".*/\1 \2 \3/' >asked
bad=0
n=0
while read -r ra va ptex; do
	n=$((n + 1))
	"$HPT" who --json --exact $guest "$ra" >out
	grep -q "\"ra\":\"$ra\".*\"va\":\"$va\".*\"ptex\":\"$ptex\"" out && continue
	bad=$((bad + 1))
	echo "# $ra: no $va $ptex"
done < <(awk 'NR % 12 == 1' asked)
ok "who leads there leads back ($n addresses)" test $bad -eq 0 -a $n -gt 40

# The same entries as a dump shows, and with --exact fewer.
for range in 0x10000 0x100000-0x1fffff 0x8000000+1M; do
	"$HPT" dump --json --ra $range $guest | sed 's/^{"ptex":"\([^"]*\)".*/\1/' >expected
	"$HPT" who --json $guest $range | sed 's/.*"ptex":"\([^"]*\)".*/\1/' >found
	ok "$range: the entries of dump --ra" same found expected
done
run who $guest 0x2100000
ok "text answers" answered
ok "an entry found from another address only is marked" grep -q ' !base$' out
cp out all
run who --exact $guest 0x2100000
ok "--exact leaves those out" same out <(grep -v ' !base$' all)
ok "no contexts of a guest that is no Linux" test "$(grep -c context out)" -eq 0
run who --json $guest 0x2100000
ok "nor in JSON" test "$(grep -c '"context":null,"ea":null}$' out)" -eq "$(wc -l <out)"
if command -v python3 >/dev/null; then
	ok "each line is JSON" python3 -c 'import json, sys
for line in open(sys.argv[1]): json.loads(line)' out
fi

run who --exact $guest 0x7fffffff0000
ok "an address of nobody: status 1" status_is 1
ok "an address of nobody: no word" out_empty
ok "nor an error" err_empty

# A small table like Linux's: four pages of 64K of the linear mapping, one of a process.
# With 68 bits context 1 has VSID 0xea1b217 there (1T), context 20 0x1d0d4dc8b (256M).
head -c 262144 /dev/zero >image
poke() { printf "$2" | dd of=image bs=1 seek=$(($1 * 16)) conv=notrunc 2>/dev/null; }
be64() { printf '%016x' "$1" | sed 's/../\\x&/g'; }
# enter VSID OFFSET RA: a page of 64K in a segment of 1T
enter()
{
	local hash=$(($1 ^ ($1 << 25) ^ ($2 >> 16)))

	poke $(((hash & 0x7ff) * 8)) \
		"$(be64 $((1 << 62 | $1 << 24 | $2 >> 16 & 0xffff80 | 5)))$(be64 $(($3 | 0x1192)))"
}
for i in 0 1 2 3; do
	enter 0xea1b217 $((i << 16)) $((i << 16))
done
run who --kind image image 0x20008
ok "Linux by its linear mapping" answered
ok "its context and address" grep -qE ' 1 0xc000000000020008$' out
enter 0x12345 0 0x20000
run who --kind image image 0x20008
ok "another entry is not taken for the kernel's" test "$(grep -c 0xc000000000020008 out)" -eq 1
run who --json --kind image image 0x30000+64K
ok "in JSON" out_has '"context":1,"ea":"0xc000000000030000"}'
run translate --linux --kind image image 0xc000000000031234
ok "translate --linux needs no SLB" grep -q '^0xc000000000031234 0x31234 ' out
run translate --kind image image 0xc000000000031234
ok "without it there is no segment" grep -q ' no segment: ' out
run explain --linux --kind image image 0xc000000000031234
ok "explain says whose segment it is" grep -q "^  by Linux's rule: VSID 0xea1b217, 1T, base page 64K$" out
head -c 262144 /dev/zero >image
run who --linux --kind image image 0
ok "--linux where nothing shows it" refused 2 "--linux: no segment in the SLB and nothing in the table"
run translate --linux=5 --linux-pages 64K --kind image image 0x10000000
ok "--linux=CONTEXT takes it as given" grep -q ' no entry: ' out

run who $guest
ok "no address" refused 2 "no real address was given"
run who $guest 1 2
ok "two addresses" refused 2 "what of '2'?"
run who $guest 5-3
ok "a range that is none" refused 2 "'5-3' is not an address or a range"

finish
