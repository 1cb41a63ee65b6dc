#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# hpt diff: what a kernel changed between its listings; tables that differ in one thing.

# shellcheck disable=SC2059
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch_stream powernv8/sparse-p1
fetch_stream powernv8/sparse-p2-changed
first=$(stream powernv8/sparse-p1)
second=$(stream powernv8/sparse-p2-changed)
cat "$first" "$second" >both
fetch guest/guest.mig
guest=data/guest/guest.mig

# sides before|after: "ptex v r" of that side of each difference
sides()
{
	sed -n "s/.*\"$1\":{\"ptex\":\"0x\([0-9a-f]*\)\",\"v\":\"0x\([0-9a-f]*\)\",\"r\":\"0x\([0-9a-f]*\)\".*/\1 \2 \3/p" |
		normal | sort
}

# patches OPTION...: what was, less what is gone, with what came, is what the kernel lists.
entries_listed "$(listing powernv8/sparse-p1)" | sort >was
entries_listed "$(listing powernv8/sparse-p2-changed)" | sort >is
patches()
{
	run diff --json "$@"
	sides before <out >gone
	sides after <out >come
	sort <(comm -23 was gone) come | cmp -s - is && [ -s gone ] && [ -s come ] &&
		[ -z "$(comm -23 gone was)" ] && [ -z "$(comm -12 gone come)" ]
}
ok "two passes, the second on top" patches "$first" --then "$second"
ok "they differ: status 1" status_is 1
ok "without a word" err_empty
ok "two passes of one stream" patches --pass 1 both
ok "both numbered" patches --pass 1 --pass 2 both
ok "of two streams" patches "$first" both
ok "by page" patches --by-page "$first" both
run diff both both
ok "the same: status 0" status_is 0
ok "nothing is said" out_empty
run diff "$first" both --pass 1 --pass 1
ok "the same pass of two files" status_is 0
run diff --pass 3 both
ok "a pass that is not there" refused 2 "both: there is no pass 3: the stream has 2"
run diff --pass 1 $guest
ok "passes of what has none" refused 2 "only a captured stream has passes"

# Totals are the numbers of lines.
run diff "$first" both
cp out lines
count() { grep -c "^[$1] " lines; }
run diff --stat --json "$first" both
for pair in added:+ removed:- changed:~ 'moved:>'; do
	n=$(count "${pair#*:}")
	ok "--stat counts what is ${pair%:*}: $n" out_has "\"${pair%:*}\":$n,"
done
ok "and entries before and after" \
	out_has "{\"entries_before\":$(wc -l <was),\"entries_after\":$(wc -l <is),"
run diff --stat "$first" both
ok "--stat as text" grep -qx "added  *$(count +)" out
ok "status 1 of it" status_is 1
run diff --brief "$first" both
ok "--brief is one line" out_is "$first and both differ"
run diff -q both both
ok "-q of two that are the same" out_empty
ok "has status 0" status_is 0

# Whatever form a table has.
for to in image qemu kvm-be; do
	"$HPT" convert "$guest" --to $to -o "table.$to"
	run diff $guest table.$to
	ok "a saved guest and its table as $to" status_is 0
done
run diff - table.image <$guest
ok "from standard input: an empty one is no table" status_is 2
"$HPT" diff - table.image <$guest >out 2>err
status=$?
ok "from standard input" status_is 0
run diff - -
ok "standard input twice" refused 2 "can be read only once"
run diff --pass 1 -
ok "a stream that must be read twice" refused 2 "can be read only once"

# One thing changed. The entry is the guest's first.
read -r ptex v r < <("$HPT" dump --json $guest | entries_of_json | normal | head -n 1)
ptex=$((16#$ptex))
poke() { printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; }
be64() { printf '%016x' "$1" | sed 's/../\\x&/g'; }
# one LABEL V R FIELDS TEXT: with this entry there, these fields differ
one()
{
	cp table.image changed
	poke changed $((ptex * 16)) "$(be64 "$2")$(be64 "$3")"
	run diff --json table.image changed
	ok "$1: one line" test "$(wc -l <out)" -eq 1
	ok "$1: $4" out_has "{\"change\":\"changed\",\"fields\":[$4],\"before\":"
	run diff table.image changed
	ok "$1: as text" grep -qE "^~ 0x0*$(printf %x $ptex) .*$5\$" out
}
old=$((16#$v))
real=$((16#$r))
one R $old $((real ^ 0x100)) '"referenced"' ' R [01]->[01]'
one C $old $((real ^ 0x80)) '"changed"' ' C [01]->[01]'
one pp $old $((real ^ 0x2)) '"pp"' ' pp [0-7]->[0-7]'
one pp0 $old $((real ^ (1 << 63))) '"pp"' ' pp [0-7]->[0-7]'
one N $old $((real ^ 0x4)) '"no_execute"' ' N [01]->[01]'
one key $old $((real ^ 0x200)) '"key"' ' key [0-9]*->[0-9]*'
one WIMG $old $((real ^ 0x40)) '"wimg"' ' WIMG [-WIMG]{4}->[-WIMG]{4}'
one ra $old $((real ^ (1 << 40))) '"ra"' ' ra 0x[0-9a-f]*->0x[0-9a-f]*'
one bolted $((old ^ 0x10)) $real '"bolted"' ' B [01]->[01]'
one lock $((old ^ 0x8)) $real '"software"' ' software [0-9]*->[0-9]*'
one "R and pp" $old $((real ^ 0x102)) '"pp","referenced"' ' pp [0-7]->[0-7] R [01]->[01]'
run diff --ignore R table.image changed
ok "--ignore R leaves pp" grep -q 'pp [0-7]->[0-7]$' out
run diff --ignore R,pp table.image changed
ok "--ignore R,pp leaves nothing" status_is 0
run diff --ignore referenced,changed table.image changed
ok "--ignore takes the names of JSON" grep -q 'pp [0-7]->[0-7]$' out
run diff --ignore R,elephant table.image changed
ok "--ignore of no such field" refused 2 "--ignore: 'R,elephant' is not a list of R, C,"
run diff --ptex 0x$((ptex + 1))- table.image changed
ok "--ptex of others" status_is 0
run diff --ptex $ptex table.image changed
ok "--ptex of the very entry" status_is 1
cp table.image changed
poke changed $((ptex * 16)) "$(be64 $((old ^ 0x60)))$(be64 $((real ^ 1 << 62)))"
run diff table.image changed
ok "what the hypervisor keeps there does not count" status_is 0
poke changed $((ptex * 16)) "$(be64 $((old & ~1)))"
run diff table.image changed
ok "V gone: removed" grep -qE "^- 0x0*$(printf %x $ptex) " out
run diff changed table.image
ok "V come: added" grep -qE "^\+ 0x0*$(printf %x $ptex) " out
ok "one line and the heading" test "$(wc -l <out)" -eq 2

# A page of 64K at VSID 0xea1b217 (1T) in a table of 2^ORDER bytes, at slot SLOT of its group.
# enter FILE ORDER OFFSET SLOT RA [secondary]
enter()
{
	local hash=$((0xea1b217 ^ (0xea1b217 << 25) ^ ($3 >> 16)))
	local word=$((1 << 62 | 0xea1b217 << 24 | $3 >> 16 & 0xffff80 | 5))

	if [ $# -gt 5 ]; then
		hash=$((~hash))
		word=$((word | 2))
	fi
	place=$(((hash & ((1 << ($2 - 7)) - 1)) * 8 + $4))
	poke "$1" $((place * 16)) "$(be64 $word)$(be64 $(($5 | 0x1192)))"
}
empty() { head -c $((1 << $2)) /dev/zero >"$1"; }
empty a 18
empty b 18
enter a 18 0 0 0
from=$place
enter b 18 0 5 0
to=$place
run diff --kind image a b
ok "to another slot of the group: moved" \
	grep -qE "^> 0x0*$(printf %x "$to") .* ptex $(printf '0x%x->0x%x' "$from" "$to")\$" out
ok "that is all" test "$(wc -l <out)" -eq 2
run diff --kind image --ignore ptex a b
ok "--ignore ptex: no moves" status_is 0
run diff --kind image --by-page a b
ok "--by-page: nor there" status_is 0
empty b 18
enter b 18 0 3 0x20000 secondary
to=$place
run diff --json --kind image a b
ok "to the secondary group, with another page" \
	out_has "{\"change\":\"moved\",\"fields\":[\"ra\",\"ptex\"],\"before\":{\"ptex\":\"$(printf 0x%x "$from")\""
ok "one line" test "$(wc -l <out)" -eq 1
run diff --kind image --ignore ptex a b
ok "--ignore ptex: changed" grep -q '^~ .* ra 0x0->0x20000$' out
enter b 18 0 0 0
run diff --kind image a b
ok "twice, and one where it was: added" grep -qE "^\+ 0x0*$(printf %x "$to") " out
ok "no more" test "$(wc -l <out)" -eq 2
enter a 18 0 1 0x30000
run diff --kind image a b
ok "one stays, one moves" test "$(sed 1d out | cut -c1)" = '>'
empty b 18
enter b 18 0x7ff0000 0 0
run diff --kind image a b
ok "another page in another group is not the same moved" \
	test "$(sed 1d out | cut -c1 | sort | tr -d '\n')" = "+--"

# Tables of different sizes.
empty a 18
empty b 19
for i in 0 1 2 3; do
	enter a 18 $((i << 16)) "$i" $((i << 16))
	enter b 19 $((i << 16)) 7 $((i << 16)) secondary
done
run diff --kind image a b
ok "of different size: the same pages" status_is 0
ok "and a word on how" err_has "tables of 2^18 and 2^19 bytes have no slots in common"
enter b 19 $((9 << 16)) 1 0
enter b 19 $((2 << 16)) 7 0x90000 secondary
enter a 18 $((8 << 16)) 1 0
run diff --json --kind image a b
for what in '"added","fields":[],"before":null' '"removed","fields":[],"before":{' \
	'"changed","fields":["ra"]'; do
	ok "of different size: $what" test "$(grep -cF "{\"change\":$what" out)" -eq 1
done
ok "three in all" test "$(wc -l <out)" -eq 3

# What is said of a source.
"$HPT" dump --raw --all $guest >raw
run diff --kind image --kind qemu raw $guest
ok "--kind twice: one each" status_is 0
run diff --kind qemu raw $guest
ok "--kind once: both" status_is 2
run diff --order 18 "$second" "$second"
ok "--order once: both" status_is 0

run diff
ok "no source" refused 2 "no SOURCE was given"
run diff $guest
ok "one source" refused 2 "$guest is compared with what?"
run diff a b a
ok "three sources" refused 2 "what of 'a'?"
run diff $guest missing
ok "a source that is not there" refused 2 "missing: cannot open"
fetch radix/guest.mig
run diff $guest data/radix/guest.mig
ok "a guest without a table is trouble" refused 2 "no hashed page table"
run diff --pass 0 both
ok "pass 0" refused 2 "--pass: '0' is not the number of a pass"
if command -v python3 >/dev/null; then
	for form in "" --stat; do
		run diff --json $form "$first" both
		ok "each line is JSON $form" python3 -c 'import json, sys
for line in open(sys.argv[1]): json.loads(line)' out
	done
fi

finish
