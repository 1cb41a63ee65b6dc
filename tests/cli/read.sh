#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# hpt read: bytes by effective and real address, in both forms.

# shellcheck disable=SC2162
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

for file in mig console oracle; do
	fetch guest/guest.$file
done
guest=data/guest/guest.mig
console=data/guest/guest.console

# Doublewords that the guest read there itself.
bad=0
n=0
while read -r _ cpu ea value; do
	found=$("$HPT" read --raw --cpu "$cpu" $guest "0x$ea" 8 | od -An -v -tx1 | tr -d ' \n')
	n=$((n + 1))
	[ "$found" = "$value" ] && continue
	bad=$((bad + 1))
	echo "# $cpu $ea: $found, not $value"
done < <(grep '^word ' $console | awk 'NR % 4 == 1')
ok "what the guest read there ($n doublewords)" test $bad -eq 0 -a $n -gt 20

read -r _ cpu ea value < <(grep '^word 0 ' $console)
ra=$("$HPT" translate $guest "0x$ea" | awk '{ print $2 }')
"$HPT" read --raw $guest "0x$ea" 256 >by-ea
"$HPT" read --raw --real $guest "$ra" 256 >by-ra
ok "the same by real address" same by-ea by-ra

run read $guest "0x$ea" 40
ok "a dump answers" answered
ok "lines of 16" test "$(sed '$d' out | grep -vc '^\*')" -le 3
ok "addresses in the first column" test "$(head -n 1 out | cut -c1-16)" = "$ea"
ok "the last line is the end" test "$(tail -n 1 out)" = "$(printf '%016x' $((0x$ea + 40)))"
if command -v hexdump >/dev/null; then
	"$HPT" read --raw --real $guest 0 5000 >raw
	hexdump -C raw | sed 's/^\([0-9a-f]\{8\}\)/00000000\1/' >expected
	"$HPT" read --real $guest 0 5000 >out
	ok "the form is hexdump's" same out expected
	hexdump -v -C raw | sed 's/^\([0-9a-f]\{8\}\)/00000000\1/' >expected
	"$HPT" read --all --real $guest 0 5000 >out
	ok "with --all that of -v" same out expected
fi

# Pages one after the other whose entries lead to different places: as single bytes say.
awk '$1 == "map" && $2 == 0 { print $3, $4 }' $console >maps
while read -r ea ra; do
	"$HPT" translate $guest "0x$ea" $((0x$ea + 1)) 2>/dev/null >two
	[ "$(grep -c ' mapped' two)" = 2 ] || continue
	next=$(awk 'NR == 2 { print $2 }' two)
	[ $((next)) -ne $((0x$ra + 1)) ] && break
done < <(grep -E '^[0-9a-f]*f(ff|ffff) ' maps)
{
	"$HPT" read --raw --real $guest "0x$ra" 1
	"$HPT" read --raw --real $guest "$next" 1
} >expected
"$HPT" read --raw $guest "0x$ea" 2 >out
ok "across pages that lie apart" same out expected

run read $guest 0x40000000 16
ok "an address without a segment" refused 1 "0x40000000 is not mapped: no segment"
run read --real $guest $((256 * 1024 * 1024 - 32)) 64
ok "beyond the end of memory: status 1" status_is 1
ok "what lies before it is shown" test "$(tail -n 1 out)" = 0000000010000000
ok "and where it ends is said" err_has "0x10000000"
run read --real $guest 1T 16
ok "no memory there" refused 1 "0x10000000000"
run read --real --raw $guest 0x100 0
ok "no bytes are an answer" answered
ok "of no bytes" out_empty
run read --raw --access write $guest 0xc000000000010000 8
ok "--access that is allowed" answered
denied=$(awk '$1 == 0 { print "0x" $2 }' data/guest/guest.oracle |
	"$HPT" translate --access write $guest - | awk '$6 == "protection:" { print $1; exit }')
run read --access write $guest "$denied" 8
ok "--access that is not" refused 1 "$(printf '0x%x' "$denied") is not mapped: protection"

"$HPT" convert --to image -o image $guest
run read --kind image --real image 0 16
ok "a table has no memory" status_is 1
"$HPT" read --raw --real - 0x100 64 <$guest >out
"$HPT" read --raw --real $guest 0x100 64 >expected
ok "on standard input" same out expected
cat $guest | "$HPT" read --raw --real - 0x100 64 >out
ok "through a pipe" same out expected

run read $guest 0
ok "no length" refused 2 "an address and a length are needed"
run read $guest 0 1 2
ok "too many operands" refused 2 "one address and one length at a time"
run read $guest 0 many
ok "a length that is none" refused 2 "'many' is not a number of bytes"
run read $guest 0xffffffffffffff00 0x101
ok "a range beyond 2^64" refused 2 "the range leads beyond 2^64"

finish
