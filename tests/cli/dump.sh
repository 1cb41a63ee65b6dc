#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# The entries of real streams are those that the kernel's own listing has.

# shellcheck disable=SC2059
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

for name in powernv8/sparse-p1 powernv8/ptegs-p1 powernv8/dense-p1 powernv9/sparse-p1; do
	fetch_stream $name
	# A POWER9 listing has the segment size of its own form in host_r, bits 58 and 59.
	awk '
	function pad(s) { while (length(s) < 16) s = "0" s; return s }
	{
		v = $2
		b = index("0123456789abcdef", substr(pad($3), 2, 1)) - 1
		if (native && int(b / 4))
			v = substr("048c", int(b / 4) + 1, 1) substr(pad(v), 2)
		print $1, v, "-", $4
	}' native="$([[ $name == powernv9/* ]] && echo 1 || echo 0)" "$(listing $name)" >listed
	entries_listed listed >expected
	entries_of "$(stream $name)" >found
	ok "$name: entries are those of the kernel" same found expected
	run dump "$(stream $name)"
	ok "$name: dump answers" answered
	ok "$name: one line an entry, and a header" \
		test "$(wc -l <out)" -eq $(($(wc -l <expected) + 1))
	ok "$name: no entry is odd" test "$(grep -c '!' out)" -eq 0
done

source=$(stream powernv8/sparse-p1)

# A few lines by hand, from the listing: v, r and the Power ISA.
run dump --ptex 0-0x6c "$source"
cat >expected <<'LIST'
ptex   pteg    hash         vsid  seg                   va base/page             ra pp key WIMG NRCB
0x002c 0x005.4  2nd     0x123466 256M      0x123466839c000     4K/4K      0x11ad000  2   0 --M- N---
0x0061 0x00c.1  1st     0x123476 256M      0x123476c7a0000   64K/64K      0x35d0000  1   0 --M- --C-
0x006c 0x00d.4  1st     0x123458 256M      0x123458b455000     4K/4K      0x3e01000  1   0 --M- ---B
LIST
ok "text is as it was" same out expected
ok "columns are aligned" awk 'length != 100 { bad = 1 } END { exit bad }' out

run dump --ptex 0x2c --json "$source"
ok "JSON is as it was" out_is '{"ptex":"0x2c","v":"0x123466803","r":"0x11ad016","valid":true,"pteg":"0x5","slot":4,"secondary":true,"vsid":"0x123466","segment":"256M","va":"0x123466839c000","base_page":4096,"actual_page":4096,"ra":"0x11ad000","pp":2,"key":0,"wimg":2,"no_execute":true,"referenced":false,"changed":false,"bolted":false,"software":0,"problem":null}'

run dump --ptex 0x2b --all --json "$source"
ok "an invalid slot in JSON" out_is \
	'{"ptex":"0x2b","v":"0x0","r":"0x0","valid":false,"pteg":"0x5","slot":3}'
run dump --ptex 0x2b --all "$source"
ok "an invalid slot in text" grep -qx '0x002b 0x005.3 invalid' out
run dump --ptex 0x2b "$source"
ok "no entry is an answer" answered
ok "no entry: only the header" test "$(wc -l <out)" -eq 1

# Entries that cannot be: three in an empty table's image.
head -c 262144 /dev/zero >odd
poke() { printf "$2" | dd of=odd bs=1 seek=$(($1 * 16)) conv=notrunc 2>/dev/null; }
# LP 0xff names no page; slot 1: a 64K page whose AVPN belongs to groups 0x80 to 0xff; slot
# 2: B = 2; slot 9: what V left behind
poke 0 '\0\0\0\0\0\0\0\5\0\0\0\0\0\017\360\0'
poke 1 '\0\0\0\1\0\0\0\205\0\0\0\0\0\0\20\0'
poke 2 '\200\0\0\0\0\0\0\1\0\0\0\0\0\0\20\0'
poke 9 '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\20\0'
run dump --kind image odd
ok "odd entries are shown" answered
ok "an unknown page size is marked" grep -q '^0x0000 .* ?/? .* !lp v=0x5 r=0xff000$' out
ok "an impossible group is marked" grep -q '^0x0001 .* 64K/64K .* !pteg v=0x100000085 r=0x1000$' out
ok "a reserved segment is marked" \
	grep -q '^0x0002 .* B=2 .* !segment v=0x8000000000000001 r=0x1000$' out
ok "leftovers of an invalid slot are not shown" test "$(wc -l <out)" -eq 4
run dump --kind image --all --ptex 9 odd
ok "but with --all" grep -qx '0x0009 0x001.1 invalid v=0x0 r=0x1000' out

# Lines of entries of which all can be told are made in a way of their own, but not those of a
# comparison with an empty table: whatever the bytes are, they must be the same.
by_rows()
{
	local what=$1 image=$2

	shift 2
	run dump --kind image "$@" "$image"
	ok "$what: a dump answers" answered
	sed 1d out >found
	rm -f empty
	truncate -s "$(wc -c <"$image")" empty
	run diff --kind image "$@" empty "$image"
	sed -n 's/^[+] //p' out >expected
	ok "$what: lines are those of the rows" same found expected
	ok "$what: of so many all can be told" test "$(grep -vc '!' found)" -ge "${least:-10}"
}

for name in sparse-p1 dense-p1; do
	run convert --to image -o image "$(stream powernv8/$name)"
	by_rows $name image
done
least=0 by_rows "odd entries" odd
for i in {1..40}; do
	tail -c +$((i % 7 * 8 + 1)) "$source"
	tail -c +$((i % 5 * 8 + 1)) "$(stream powernv8/dense-p1)"
done | head -c 16777216 >noise
truncate -s 16777216 noise
for name in 970 power5+ power6 power7 power8 power9 power10; do
	by_rows "noise, $name" noise --processor $name
done

# Numbers as wide as their columns, and wider, in the groups that the Power ISA has for them:
# the least table has 2^11. Where none is left free an entry is not put in.
entry() # VSID B BASE-SHIFT OFFSET L LP REAL-AND-RIGHTS
{
	local v hash bits=$(($2 ? 40 - 23 : 28 - 23)) h group

	v=$(($2 << 62 | $1 << bits + 7 | $4 >> 23 << 7 | $5 << 2 | 1))
	hash=$(($1 ^ ($2 ? $1 << 25 : 0) ^ $4 >> $3))
	h=$((put % 2))
	group=$(((h ? ~hash : hash) & 2047))
	((${slots[group]:=0} < 8)) || return
	poke $((group * 8 + slots[group]++)) \
		"$(printf '%016x%016x' $((v | h << 1)) $(($6 << 12 | $7)) | sed 's/../\\x&/g')"
	((++put))
}
head -c 262144 /dev/zero >odd
slots=()
put=0
for vsid in 0 1 0xf 0x10 0xfffff 0xfffffff 0x10000000 0xfffffffff 0x3fffffffff; do
	for real in 0 0x1000000 0xffff000000 0x10000000000 0xf00000000000 0xffffff000000 \
		0x1000000000000 0xfffffff000000; do
		rights=$((put * 0x4b7 & 0xfff | (put & 7) << 60))
		entry $vsid 1 12 $((0xedcba98000 + (put << 12))) 0 0 $((real | 0x234000 | rights))
		entry $vsid 0 12 $((0x9abc000 + (put << 12))) 0 0 $((real | 0x5000 | rights))
		entry $vsid 1 16 $((put << 16)) 1 1 $((real | 0x30000 | rights))
		entry $vsid 1 24 $((put << 24)) 1 0 $((real | rights))
	done
done
for vsid in 0x10000000000 0x3ffffffffff 0x3ffffffffffff; do
	entry $vsid 0 16 0x8760000 1 1 $((0x7650000 | 0x196))
done
least=$put by_rows "numbers as wide as columns, and wider" odd
ok "there are all of them" test $put -gt 250 -a "$(wc -l <found)" -eq $put

run dump --processor 970 "$source"
ok "a 970 knows no 64K pages" grep -q ' !lp v=' out

finish
