#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# From every form to every form: the entries stay, and equal tables give equal bytes.

# shellcheck disable=SC2086,SC2059
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

forms="kvm-le kvm-be qemu image"

for name in powernv8/sparse-p1 powernv8/ptegs-p1 powernv8/dense-p1; do
	fetch_stream $name
	entries_of "$(stream $name)" >expected
	for form in $forms; do
		run convert "$(stream $name)" --to "$form" -o "$form"
		ok "$name to $form" answered
		ok "$name to $form: nothing on standard output" out_empty
		entries_of "$form" >found
		ok "$name to $form: the same entries" same found expected
	done
	for from in $forms; do
		for to in $forms; do
			"$HPT" convert "$from" --to "$to" -o again
			ok "$name from $from to $to: the same bytes" same again "$to"
			rm -f again
		done
		rm -f stdout
		"$HPT" convert "$from" --to image -o - | cat >stdout
		ok "$name from $from to image through a pipe" same stdout image
	done
	"$HPT" dump --all --raw "$(stream $name)" >raw
	ok "$name: an image is the raw dump of all slots" same raw image
	rm -f $forms
done

fetch_stream powernv8/sparse-p1
source=$(stream powernv8/sparse-p1)

for form in kvm-le kvm-be qemu; do
	"$HPT" convert "$source" --to $form -o $form
	run info $form
	ok "$form names every slot: its order can be told" out_has "order 18: "
	ok "$form is told from the others" grep -qx "dialect      $form" out
done
# The first slots: none valid before 0x2c, then one, then the next at 0x61.
ok "kvm-le begins as it should" test \
	"$(od -An -tx1 -N16 kvm-le | tr -d ' \n')" = 0000000000002c002c00000001003400
ok "kvm-be begins as it should" test \
	"$(od -An -tx1 -N16 kvm-be | tr -d ' \n')" = 000000000000002c0000002c00010034
ok "qemu ends with its marker" test "$(tail -c 8 qemu | od -An -tx1 | tr -d ' \n')" = \
	0000000000000000
ok "qemu is kvm-be and a marker" test \
	"$(head -c -8 qemu | cksum)" = "$(cksum <kvm-be)"

# A large table: order 30, one entry in the middle.
head -c 262144 /dev/zero >small
truncate -s 1G big
printf '\0\0\0\0\0\0\0\1\0\0\0\0\0\0\20\0' | dd of=big bs=16 seek=33554433 conv=notrunc 2>/dev/null
run convert --kind image big --to kvm-le -o stream
ok "a large table becomes a small stream" test "$status" -eq 0 -a \
	"$(wc -c <stream)" -lt 20000
run convert stream --to image -o image30
if command -v python3 >/dev/null; then
	large_same() { python3 "$here/core.py" same "$@"; }
else
	large_same() { cmp -s "$@"; }
fi
ok "and a large image again" large_same image30 big
ok "which is sparse" test "$(du -k image30 | cut -f1)" -lt 1024

run convert "$source" --to image -o sparse
ok "an image's size is the table's" test "$(wc -c <sparse)" -eq 262144

finish
