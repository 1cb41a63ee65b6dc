#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# What each filter of a dump lets through, against a choice made from the whole.

# shellcheck disable=SC2016
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch_stream powernv8/sparse-p1
source=$(stream powernv8/sparse-p1)
"$HPT" dump --csv "$source" >whole

# chosen NAME CONDITION OPTION...: CSV with the options is what awk chooses
chosen()
{
	local name=$1 condition=$2

	shift 2
	run dump --csv "$@" "$source"
	awk -F, '
	function hex(s, i, n) {
		n = 0
		for (i = 3; i <= length(s); i++)
			n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
		return n
	}
	NR == 1 || ('"$condition"')' whole >expected
	ok "$name" same out expected
	ok "$name: a part of the whole" test "$(wc -l <out)" -gt 1 -a \
		"$(wc -l <out)" -lt "$(wc -l <whole)"
}

chosen "--ptex A-B" 'hex($1) >= 97 && hex($1) <= 1000' --ptex 0x61-1000
chosen "--ptex A-" 'hex($1) >= 8192' --ptex 8K-
chosen "--ptex A+N" 'hex($1) >= 97 && hex($1) < 97 + 512' --ptex 97+0x200
chosen "--ptex A" 'hex($1) == 97' --ptex 97
chosen "--ptex beyond the end" 'hex($1) >= 97' --ptex 97-0xffffffffffffffff
chosen "--vsid X" '$8 == "0x123466"' --vsid 0x123466
chosen "--vsid X in decimal" '$8 == "0x123466"' --vsid 1193062
chosen "--vsid A-B" 'hex($8) >= hex("0x1230") && hex($8) <= hex("0x123470")' \
	--vsid 0x1230-0x123470
chosen "--ra A-B" 'hex($13) + $12 > 16777216 && hex($13) <= 33554431' --ra 16M-0x1ffffff
chosen "--ra A+N" 'hex($13) + $12 > 16777216 && hex($13) < 33554432' --ra 16M+16M
chosen "--ra inside a large page" 'hex($13) + $12 > 16777217 && hex($13) <= 16777217' \
	--ra 0x1000001
chosen "--ra A-" 'hex($13) + $12 > 1073741824' --ra 1G-
chosen "--page-size 4K" '$12 == 4096' --page-size 4K
chosen "--page-size 64k" '$12 == 65536' --page-size 64k
chosen "--page-size 16M" '$12 == 16777216' --page-size 16M
chosen "--page-size in bytes" '$12 == 65536' --page-size 0x10000
chosen "--page-size BASE/ACTUAL" '$11 == 65536 && $12 == 65536' --page-size 64K/64K
chosen "--bolted" '$20' --bolted
chosen "filters add up" '$20 && $12 == 4096 && hex($1) < 4096' --bolted --page-size 4K \
	--ptex 0-4095
chosen "--limit" 'NR <= 8' --limit 7
chosen "--limit counts what is shown" '$12 == 65536 && ++n <= 5' --page-size 64K --limit 5

run dump --csv --limit 0 "$source"
ok "--limit 0 shows none" test "$(wc -l <out)" -eq 1
run dump --csv --page-size 4K/64K "$source"
ok "a size that does not occur" test "$(wc -l <out)" -eq 1 -a "$status" -eq 0
run dump --csv --all --ptex 0+256 "$source"
ok "--all --ptex shows every slot of the range" test "$(wc -l <out)" -eq 257
run dump --csv --all --bolted "$source"
cp out all
run dump --csv --bolted "$source"
ok "no invalid slot is bolted" same out all
run dump --csv --all --limit 5000 "$source"
ok "--limit ends a dump of all slots" test "$(wc -l <out)" -eq 5001

finish
