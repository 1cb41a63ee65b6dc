#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# hpt explain: the walk, its ends, and that it agrees with hpt translate.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch guest/guest.mig
fetch guest/guest.oracle
guest=data/guest/guest.mig
line() { grep -qx -e "$1" out; }

run explain $guest 0xc000000000010008
ok "a mapped address has status 0" answered
ok "who asks" line "0xc000000000010008, a debugger's look (read) at CPU 0: privileged state, .*"
ok "the segment that matches" line \
	"  slot  0  ESID 0xc000000000000000  VSID 0x1f00d5a .* 1T   64K  Ks 0 Kp 1 N 0  match"
ok "the others are counted" line "  10 entries are for other addresses, 21 slots have no V"
ok "the hash" line "  hash 0x.*, table of 2^21 bytes: primary group 0x[0-9a-f]*, secondary 0x[0-9a-f]*"
ok "one entry matches" test "$(grep -c 'match: page of 64K$' out)" -eq 1
ok "protection" line "  pp 0, Ks 0: rwx; key 0: .*"
ok "the outcome" line "  mapped to real address 0x10008, page 0x10000 of 64K"
ok "it fits on a screen" test "$(wc -l <out)" -le 40

run explain $guest 0x40000000
ok "no segment: status 1" status_is 1
ok "no segment: without a word on standard error" err_empty
ok "no segment: all that there are" test "$(grep -c 'other ESID$' out)" -eq 11
ok "no segment: the outcome" line \
	"  no segment: 0x380 (data segment) DAR=0x40000000"
ok "no segment: no hash" test "$(grep -c '^Hash' out)" -eq 0

run explain --access write $guest 0x10f00000
ok "no entry: status 1" status_is 1
ok "no entry: both groups" test "$(grep -cE '^(Primary|Secondary) group' out)" -eq 2
ok "no entry: sixteen slots" test "$(grep -cE '^  0x[0-9a-f]{5}  ' out)" -eq 16
ok "no entry: the outcome" line \
	"  no entry: 0x300 (DSI) DAR=0x10f00000 DSISR=0x42000000"

run explain --translation off $guest 0x1234
ok "real mode" line "Real mode"
ok "real mode: the outcome" line "  mapped to real address 0x1234"

# What forbids an access, and that a debugger does not mind.
awk '$1 == 0 { print "0x" $2 }' data/guest/guest.oracle >addresses
denied=$("$HPT" translate --access write $guest - <addresses | awk '$6 == "protection:" {
	print $1; exit }')
run explain --access write $guest "$denied"
ok "protection: status 1" status_is 1
ok "protection: what forbids it" grep -q '^  forbidden by pp' out
run explain --access write --debug $guest "$denied"
ok "--debug: status 0" answered
ok "--debug: what would forbid it" grep -q '^  a debugger may look; the CPU is forbidden by pp' out

# The answer within is that of hpt translate.
bad=0
while read -r ea; do
	"$HPT" translate --json $guest "$ea" >one
	"$HPT" explain --json $guest "$ea" >walk
	sed 's/.*,"translation":\(.*\)}$/\1/' walk | cmp -s - one || bad=$((bad + 1))
done < <(awk 'NR % 40 == 1' addresses)
ok "the answer is that of translate" test $bad -eq 0
run explain --json $guest 0x40000000
ok "JSON: status 1" status_is 1
for key in '"cpu":0' '"linux_segment":false' '"order":21' '"reason":"other ESID"' \
	'"groups":[]' '"denied":[]' '"hash":null'; do
	ok "JSON has $key" out_has "$key"
done
if command -v python3 >/dev/null; then
	ok "it is JSON" python3 -c 'import json, sys; json.load(open(sys.argv[1]))' out
	"$HPT" explain --json $guest 0xc000000000010008 >out
	ok "with two groups of eight" python3 -c 'import json, sys
groups = json.load(open(sys.argv[1]))["groups"]
assert [len(group["slots"]) for group in groups] == [8, 8]' out
fi

run explain $guest
ok "no address" refused 2 "no address was given"
run explain $guest 1 2
ok "two addresses" refused 2 "what of '2'?"
run explain $guest here
ok "a word that is none" refused 2 "'here' is not an address"

finish
