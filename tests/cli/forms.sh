#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# The output forms of a dump agree with each other, field by field.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch_stream powernv8/sparse-p1
fetch_stream powernv8/ptegs-p1

# JSON's values, in order, as CSV has them; an invalid slot's missing ones are empty.
json_to_csv()
{
	sed -e 's/^{//; s/}$//; s/"[a-z_]*"://g; s/"//g; s/true/1/g; s/false/0/g; s/null//g' |
		awk -F, -v OFS=, 'NF == 6 { $22 = "" } { print }'
}

for name in powernv8/sparse-p1 powernv8/ptegs-p1; do
	source=$(stream $name)
	for all in "" --all; do
		# shellcheck disable=SC2086
		run dump --csv $all "$source"
		ok "$name $all: CSV answers" answered
		sed 1d out >csv
		head -n 1 out >names
		# shellcheck disable=SC2086
		run dump --json $all "$source"
		json_to_csv <out >expected
		ok "$name $all: CSV is JSON" same csv expected
		# shellcheck disable=SC2086
		run dump --raw $all "$source"
		ok "$name $all: 16 bytes an entry" \
			test "$(wc -c <out)" -eq $((16 * $(wc -l <csv)))
		od -An -v -tx1 -w16 out | tr -d ' ' >bytes
		awk -F, '
		function pad(s) { s = substr(s, 3); while (length(s) < 16) s = "0" s; return s }
		{ print pad($2) pad($3) }' csv >expected
		ok "$name $all: raw bytes are v and r" same bytes expected
	done
	ok "$name: --all shows every slot" test "$(wc -l <csv)" -eq 16384

	# Text has the same: ptex, slot, hash, vsid, segment, va, sizes, ra, pp, key, bits.
	run dump "$source"
	sed 1d out | awk '{
		split($2, place, ".")
		print $1, place[2], $3 == "2nd", $4, $5, $6, $7, $8, $9, $10, $11, $12
	}' >text
	run dump --csv "$source"
	sed 1d out | awk -F, '
	function size(n) { return n >= 1048576 ? n / 1048576 "M" : n / 1024 "K" }
	function bit(n, of, c) { return int(n / of) % 2 ? c : "-" }
	function ptex(s) { s = substr(s, 3); while (length(s) < 4) s = "0" s; return "0x" s }
	{
		wimg = bit($16, 8, "W") bit($16, 4, "I") bit($16, 2, "M") bit($16, 1, "G")
		print ptex($1), $6, $7, $8, $9, $10, size($11) "/" size($12), $13, $14, $15, \
			wimg, bit($17, 1, "N") bit($18, 1, "R") bit($19, 1, "C") \
			bit($20, 1, "B")
	}' >expected
	ok "$name: text says what CSV says" same text expected
done

ok "CSV names its columns" test "$(cat names)" = \
	ptex,v,r,valid,pteg,slot,secondary,vsid,segment,va,base_page,actual_page,ra,pp,key,wimg,no_execute,referenced,changed,bolted,software,problem
run dump --json "$(stream powernv8/sparse-p1)"
ok "JSON has the same names" test "$(head -n 1 out | grep -o '"[a-z_]*":' | tr -d '":' |
	paste -sd, -)" = "$(cat names)"

finish
