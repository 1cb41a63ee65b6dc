#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# KVM's listing as a source: told by looking, the guest's and the host's side, the order.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# host_of: "ptex v r guest_r" of a dump --host --json
host_of()
{
	sed -n 's/^{"ptex":"0x\([0-9a-f]*\)".*"host":{"v":"0x\([0-9a-f]*\)","r":"0x\([0-9a-f]*\)","guest_r":"0x\([0-9a-f]*\)",.*/\1 \2 \3 \4/p'
}

# words_of FILE: the same of a listing, without zeros in front
words_of()
{
	awk '{ for (i = 1; i <= 4; i++) { sub(/^0+/, "", $i); if ($i == "") $i = "0" } print $1, $2, $3, $4 }' "$1"
}

for name in powernv8/sparse-p1 powernv8/ptegs-p1 powernv9/sparse-p1; do
	fetch_stream $name
	run dump --json --order 18 "$(listing $name)"
	ok "$name: a listing is told by looking" answered
	entries_of_json <out | normal >found
	entries_of "$(stream $name)" >expected
	ok "$name: the entries are those of the stream" same found expected
	run dump --host --json --order 18 "$(listing $name)"
	ok "$name: --host answers" answered
	host_of <out >found
	words_of "$(listing $name)" >expected
	ok "$name: the host's words are those listed" same found expected
	run dump --host --csv --order 18 "$(listing $name)"
	sed 1d out | awk -F, '{ print $1, $23, $24, $25 }' | sed 's/0x//g' >found
	ok "$name: and so in CSV" same found expected
	ok "$name: CSV has as many fields as names" \
		test "$(awk -F, '{ print NF }' out | sort -u)" = 34
	"$HPT" stat "$(stream $name)" >expected
	run stat --order 18 "$(listing $name)"
	ok "$name: stat is that of the stream" same out expected
done

# Text has what CSV has.
list8=$(listing powernv8/sparse-p1)
list9=$(listing powernv9/sparse-p1)
run dump --host --order 18 "$list9"
sed 1d out | awk '{ print $1, $13, $14, $15, $16, $17 }' >found
"$HPT" dump --host --csv --order 18 "$list9" | sed 1d | awk -F, '
	function bit(n, c) { return n ? c : "-" }
	function ptex(s) { s = substr(s, 3); while (length(s) < 4) s = "0" s; return "0x" s }
	{ print ptex($1), $26 == "" ? "-" : $26, $27, $28, \
		bit($29, "N") bit($30, "R") bit($31, "C"), \
		bit($32, "A") bit($33, "I") bit($34, "M") }' >expected
ok "text says what CSV says" same found expected
ok "absent slots are among them" grep -q ' - .* A' found
run dump --order 18 "$list9"
ok "without --host there is none of it" test "$(sed -n 2p out | wc -w)" -eq 12
run dump --host --all --csv --order 18 "$list9"
ok "--all: slots that are not listed are empty" \
	test "$(sed 1d out | awk -F, '{ print NF }' | sort | uniq -c | awk '{ print $1, $2 }')" = \
	"16384 34"
run dump --host --raw "$list9"
ok "--raw has no place for it" refused 2 "--raw and --host exclude each other"
run dump --host "$(stream powernv8/sparse-p1)"
ok "a stream has no host" refused 2 "--host: the source is no listing of KVM's"

# The order: the least, unless it is said.
run stat "$list8"
ok "stat with an inferred order answers" status_is 0
ok "and says that it is inferred" err_has "18 is the least that holds it"
ok "and what helps" err_has "(--order says it)"
run stat --order 24 --json "$list8"
ok "a larger order: no word" answered
ok "a larger order: more slots" out_has '"slots":1048576,"valid":490'
run info "$list8"
ok "info answers" answered
ok "info says the kind" grep -q "^kind  *kvm-debugfs: " out
ok "info says that the order is a lower bound" grep -q "^table  *order 18 at least: " out
ok "info warns" grep -q "^warning  *a listing does not say the order" out
run info --json "$list8"
ok "info in JSON" out_has '"kind":"kvm-debugfs"'
ok "info in JSON: inferred" out_has '"order":18,"order_guessed":true'
run info --json --order 18 "$list8"
ok "info in JSON: given" out_has '"order":18,"order_guessed":false'
tail -n 1 "$list8" | sed 's/^ *[0-9a-f]*/ 12345/' | cat "$list8" - >longer
run info longer
ok "a larger index, a larger order" grep -q "^table  *order 21 at least: " out
run dump --order 18 longer
ok "an index beyond the order" refused 2 "line 491, column 1 (offset 28420): slot 0x12345 is beyond"

# Where it comes from.
run dump --limit 3 --order 18 "$list9"
cp out expected
"$HPT" dump --limit 3 --order 18 - <"$list9" >found
ok "from a file as standard input" same found expected
# shellcheck disable=SC2002
cat "$list9" | "$HPT" dump --limit 3 --order 18 - >found
ok "from a pipe" same found expected
if "$HPT" --version | grep -q '^compressed files: lib'; then
	gzip -c "$list9" >list.gz
	run dump --limit 3 --order 18 list.gz
	ok "compressed" same out expected
fi
run dump --limit 3 --order 18 "debugfs:$list9"
ok "debugfs:PATH" same out expected
cp "$list9" 123
run dump --limit 3 --order 18 debugfs:./123
ok "debugfs: before a path that looks like a number" same out expected
run dump --kind kvm-debugfs --limit 3 --order 18 "$list9"
ok "--kind kvm-debugfs" same out expected
run dump --kind image "debugfs:$list9"
ok "another kind" refused 2 "debugfs: is of kind kvm-debugfs"
run convert --to image --order 18 -o image "$list9"
ok "convert takes it" answered
entries_of --kind image image >found
entries_of --order 18 "$list9" 2>/dev/null >expected
ok "and loses nothing" same found expected

# An empty one must be said to be one.
: >empty
run info empty
ok "an empty file" refused 2 "empty"
run info debugfs:./empty
ok "an empty listing" answered
ok "has nothing in it" grep -q '^valid  *0 entries' out

# What is wrong is said with its place.
head -c 1000 "$list9" >half
run dump --order 18 half
ok "a cut listing" refused 2 "line 18, column 15 (offset 1000): the listing ends inside a line"
sed '7s/^.\{10\}./&Z/; 7s/.$//' "$list9" >bad
run stat bad
ok "a byte that is none of the kernel's" refused 2 "line 7, column 12 (offset 359): expected"
head -n 5 "$list9" | tail -n 2 | sort -r >back
run stat back
ok "slots out of order" refused 2 "line 2, column 1 (offset 58): slot"
head -n 1 "$list9" | sed 's/ 0\([0-9a-f]\{15\}\) / 4\1 /' >one
grep -m 1 ' [0-9a-f]4[0-9a-f]\{14\} [0-9a-f]*$' "$list9" >>one
run stat one
ok "forms that contradict each other" refused 2 "say the form (--form can say it)"
run stat --form classic --order 18 one
ok "--form classic" answered
run stat --form v3 --order 18 one
ok "--form v3" refused 2 "line 1 has bits in doubleword 0"
printf '%s\n' '---[ Start of kernel VM ]---' >hash_pagetable
run dump hash_pagetable
ok "a kernel's listing of its own mappings" refused 2 "no table can be made of it"

finish
