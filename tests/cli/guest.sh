#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# A saved guest whose program knows which entries it made; and guests without a table.

# shellcheck disable=SC2001,SC2238
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch guest/guest.mig
fetch guest/guest.truth
guest=data/guest/guest.mig
normal data/guest/guest.truth >expected
line() { grep -qx -e "$1" out; }

entries_of $guest >found
ok "the entries are those that the guest made" same found expected
entries_of --kind qemu $guest >found
ok "--kind qemu changes nothing" same found expected
entries_of - <$guest >found
ok "on standard input" same found expected
cat $guest | "$HPT" dump --json - | entries_of_json | normal >found
ok "through a pipe" same found expected
if "$HPT" --version | grep -q '^compressed files: lib'; then
	xz -c $guest >guest.xz
	entries_of guest.xz >found
	ok "compressed" same found expected
	entries_of - <guest.xz >found
	ok "compressed, on standard input" same found expected
	run info guest.xz
	ok "compressed: info knows the vCPUs" line "vCPUs        2"
fi

run info $guest
ok "info answers" answered
ok "its kind" line "kind         qemu: .*"
ok "its machine" line "machine      pseries.*"
ok "its vCPUs" line "vCPUs        2"
ok "its RAM" grep -q '^RAM   .*MiB (' out
ok "the block of its RAM" grep -qE '^ +ppc_spapr\.ram: 256 MiB \(268435456 bytes\)$' out
ok "how it translates" line "translation  hash: .*"
ok "its table" line "table        order 21: 2 MiB (2097152 bytes)"
ok "its entries" line "valid        $(wc -l <expected) entries, .*"
run info --json $guest
for pair in '"kind":"qemu"' '"mmu":"hash"' '"vcpus":2' '"table":true' '"order":21' \
	'"slots":131072' "\"valid\":$(wc -l <expected)" \
	'{"name":"ppc_spapr.ram","length":268435456}'; do
	ok "JSON has $pair" out_has "$pair"
done

run stat --json $guest
ok "stat counts the guest's entries" out_has "\"valid\":$(wc -l <expected),"
ok "primary and secondary" out_has "\"secondary\":$(awk '
	index("2367abef", substr($2, 16, 1))' expected | wc -l),"
run dump --bolted --csv $guest
ok "bolted" test "$(sed 1d out | wc -l)" -eq "$(awk '
	index("13579bdf", substr($2, 15, 1))' expected | wc -l)"
run dump $guest
ok "its entries can all be told" test "$(grep -c '!' out)" -eq 0

for form in kvm-le kvm-be qemu image; do
	run convert $guest --to $form -o $form
	ok "convert to $form" answered
	entries_of $form >found
	ok "the same entries in $form" same found expected
done

# be WIDTH NUMBER: a big-endian number; section TYPE ID NAME VERSION
be()
{
	local hex

	hex=$(printf "%0$(($1 * 2))x" "$2")
	# shellcheck disable=SC2059
	printf "$(sed 's/../\\x&/g' <<<"$hex")"
}
start() { be 1 1; be 4 "$1"; be 1 ${#2}; printf %s "$2"; be 4 0; be 4 "$3"; }
close() { be 1 0x7e; be 4 "$1"; }

# A guest that uses radix: QEMU writes "no table" and no chunks.
{
	printf QEVM
	be 4 3
	be 1 7
	be 4 11
	printf pseries-7.2
	start 5 spapr/htab 1
	be 4 0xffffffff
	close 5
	be 1 3
	be 4 5
	be 4 0xffffffff
	close 5
	be 1 0
} >radix
run info radix
ok "a radix guest: info has status 1" status_is 1
ok "a radix guest: info answers on standard output" out_has "no hashed page table: "
ok "a radix guest: no error" err_empty
ok "a radix guest: how it translates" line "translation  radix.*"
run info --json radix
ok "a radix guest in JSON: status 1" status_is 1
ok "a radix guest in JSON" out_has '"mmu":"radix"'
ok "no table in JSON" out_has '"table":false,"no_table":"'
for command in "dump" "dump --json" "stat" "convert --to qemu -o new"; do
	# shellcheck disable=SC2086
	run $command radix
	ok "a radix guest: $command has a negative answer" refused 1 "no hashed page table"
done
ok "a radix guest: nothing is converted" missing new

# The same, cut at every byte: an error with an offset, never another answer.
size=$(wc -c <radix)
bad=0
for n in $(seq 1 $((size - 7))); do
	head -c "$n" radix >cut
	run dump cut
	if ! refused 2 "cut: "; then
		bad=$((bad + 1))
		echo "# cut at $n: status $status"
	fi
done
ok "a file that is cut anywhere is refused" test $bad -eq 0

# The guest's own file, cut at many places: the whole answer, or an error with its place.
size=$(wc -c <$guest)
bad=0
whole=0
for n in $(seq 997 $((size / 40)) "$size"); do
	head -c "$n" $guest >cut
	run dump --json cut
	if answered && entries_of_json out | normal | cmp -s - expected; then
		whole=$((whole + 1))
	elif ! { refused 2 "cut: " && err_has "offset "; }; then
		bad=$((bad + 1))
		echo "# cut at $n of $size: status $status"
	fi
done
ok "a saved guest that is cut: all or an error" test $bad -eq 0
ok "some cuts leave the table whole, some do not" test $whole -gt 0 -a $whole -lt 40

finish
