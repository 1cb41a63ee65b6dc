#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Every number of a statistics, counted again from the dump.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# The JSON that the CSV of a dump on standard input leads to.
count()
{
	awk -F, -v slots=16384 '
	function hex(s, i, n) {
		n = 0
		for (i = 3; i <= length(s); i++)
			n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
		return n
	}
	function list(a, n, i, s) {
		for (i = 0; i < n; i++)
			s = s (i ? "," : "") (a[i] + 0)
		return "[" s "]"
	}
	NR > 1 {
		valid++; secondary += $7; bolted += $20; n += $17; r += $18; c += $19
		both += $18 && $19; pteg[$5]++; pp[$14]++; key[$15]++; wimg[$16]++
		segment[$9]++; vsid[$9 "," $8]++; size[$11 "," $12]++
	}
	END {
		for (i in pteg)
			by[pteg[i]]++
		by[0] = slots / 8 - length(pteg)
		printf "{\"slots\":%d,\"valid\":%d,\"free\":%d,\"ptegs\":%d,", slots, valid, \
			slots - valid, slots / 8
		printf "\"full_ptegs\":%d,\"empty_ptegs\":%d,", by[8], by[0]
		printf "\"ptegs_by_entries\":%s,\"primary\":%d,\"secondary\":%d,", \
			list(by, 9), valid - secondary, secondary
		printf "\"bolted\":%d,\"referenced\":%d,\"changed\":%d,", bolted, r, c
		printf "\"referenced_and_changed\":%d,\"no_execute\":%d,\"page_sizes\":[", \
			both, n
		split("4096,4096 4096,65536 4096,16777216 65536,65536 65536,16777216 " \
		      "16777216,16777216", sizes, " ")
		for (i = 1; i <= 6; i++) {
			if (!size[sizes[i]])
				continue
			split(sizes[i], s, ",")
			printf "%s{\"base_page\":%d,\"actual_page\":%d,\"entries\":%d}", \
				comma, s[1], s[2], size[sizes[i]]
			comma = ","
		}
		printf "],\"segments\":{\"256M\":%d,\"1T\":%d},\"vsids\":%d,\"top_vsids\":[", \
			segment["256M"], segment["1T"], length(vsid)
		comma = ""
		for (k = 0; k < 10; k++) {
			best = ""
			for (i in vsid) {
				split(i, s, ",")
				if (best == "" || vsid[i] > vsid[best] ||
				    (vsid[i] == vsid[best] && hex(s[2]) < hex(b[2]))) {
					best = i
					split(i, b, ",")
				}
			}
			if (best == "")
				break
			printf "%s{\"vsid\":\"%s\",\"segment\":\"%s\",\"entries\":%d}", comma, \
				b[2], b[1], vsid[best]
			delete vsid[best]
			comma = ","
		}
		printf "],\"pp\":%s,\"keys\":%s,\"wimg\":%s,", list(pp, 8), list(key, 32), \
			list(wimg, 16)
		print "\"problems\":{\"lp\":0,\"pteg\":0,\"segment\":0,\"avpn\":0}}"
	}'
}

for name in powernv8/sparse-p1 powernv8/ptegs-p1 powernv8/dense-p1 powernv9/sparse-p1; do
	fetch_stream $name
	run stat --json "$(stream $name)"
	ok "$name: stat answers" answered
	cp out found
	"$HPT" dump --csv "$(stream $name)" | count >expected
	ok "$name: every number is that of the dump" same found expected
done

run stat "$(stream powernv8/sparse-p1)"
ok "text answers" answered
ok "valid" grep -qE '^  valid +490 +2\.99 %$' out
ok "free" grep -qE '^  free +15894 +97\.01 %$' out
ok "full groups" grep -qE '^  full PTEGs +0 +0\.00 %$' out
ok "the histogram has bars" grep -qE '^  1 +395 +19\.29 %  #+$' out
ok "the longest bar is the empty groups'" grep -qE '^  0 +1607 +78\.47 %  #{40}$' out
ok "secondary" grep -qE '^  secondary hash +143 +29\.18 %$' out
ok "page sizes, and what they map" grep -qE '^    4K/4K +306 +62\.45 %  maps 1224K$' out
ok "segments" grep -qE '^  entries in 1T +165 +33\.67 %$' out
ok "WIMG" grep -qE '^  -I-G +44 +8\.98 %$' out

run stat "$(stream powernv8/dense-p1)"
ok "a full table" grep -qE '^  full PTEGs +2048 +100\.00 %$' out

run stat --processor 970 --json "$(stream powernv8/sparse-p1)"
ok "page sizes that a 970 does not know" out_has '"problems":{"lp":144,'

head -c 262144 /dev/zero >nothing
run stat --kind image nothing
ok "an empty table answers" answered
ok "an empty table" grep -qE '^  valid +0 +0\.00 %$' out
run stat --kind image --json nothing
ok "an empty table in JSON" out_has '"valid":0,"free":16384,"ptegs":2048,"full_ptegs":0,"empty_ptegs":2048'

finish
