#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# hpt list and debugfs:PID, on a tree as KVM makes it.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch_stream powernv8/sparse-p1
fetch_stream powernv9/sparse-p1
list8=$(listing powernv8/sparse-p1)
list9=$(listing powernv9/sparse-p1)

# A process with a name and a command line as QEMU's.
bash -c 'exec -a "$0" sleep 300' qemu &
named=$!
# shellcheck disable=SC2016
bash -c 'read -r line <&3' qemu -name guest=db,,1,debug-threads=on -m 1G 3< <(exec sleep 300) &
qemu=$!
end()
{
	kill $named $qemu 2>/dev/null
	wait $named $qemu 2>/dev/null
	chmod -R u+w "$dir"
	rm -rf "$dir"
}
trap end EXIT

# became PROCESS PATTERN: until its command line fits, a minute at most
became()
{
	for _ in $(seq 600); do
		tr '\0' ' ' <"/proc/$1/cmdline" | grep -q "$2" && return
		sleep 0.1
	done
	return 1
}
ok "a process of another name" became $named '^qemu 300'
ok "one with QEMU's command line" became $qemu ' -name guest=db'

# vm NAME [LISTING]: a directory of KVM's
vm()
{
	mkdir -p "tree/kvm/$1"
	[ $# -eq 1 ] || cp "$2" "tree/kvm/$1/htab"
}

mkdir -p tree/kvm
run list --debugfs tree
ok "no VMs" refused 1 "no guest with a hashed page table: KVM has no VMs"
vm "$qemu-11" "$list9"
vm "$qemu-9" "$list8"
vm "vm$named" "$list8"
vm "$named-4" # before 5.18: there is no listing in it
vm "$$-7" /dev/null
vm "$$-8" /dev/null
echo "pgdir: 0" >"tree/kvm/$$-8/radix"
: >"tree/kvm/$$-7/radix"
for name in "0$$-7" "$$-07" "$$" "vm$$-7" "$$-7x" "99999999999-1" "-7" vm "$$-" exits; do
	vm "$name" "$list8"
done

run list --debugfs tree
ok "guests are listed" answered
ok "a line of names, and one for each guest" test "$(wc -l <out)" -eq 5
ok "by process, then descriptor" test \
	"$(sed 1d out | sed 's/^debugfs://; s/ .*//' | sort -t- -k1,1n -k2,2n)" = \
	"$(sed 1d out | sed 's/^debugfs://; s/ .*//')"
ok "the first of two VMs" grep -q "^debugfs:$qemu-9  *bash  *db,1  *tree/kvm/$qemu-9/htab$" out
ok "the second" grep -q "^debugfs:$qemu-11  *bash  *db,1  *tree/kvm/$qemu-11/htab$" out
ok "a VM of an older kernel" grep -q "^debugfs:$named  *sleep  *-  *tree/kvm/vm$named/htab$" out
ok "an empty table is one" grep -q "^debugfs:$$-7 " out
ok "a radix guest has none" test "$(grep -c "debugfs:$$-8" out)" -eq 0
run list --debugfs tree --count
ok "--count answers" answered
ok "--count: entries and the least order" grep -q "^debugfs:$qemu-9  *>= 18  *490  *bash " out
ok "--count: an empty table" grep -q "^debugfs:$$-7  *>= 18  *0 " out
run list --debugfs tree --json
ok "JSON" out_has "{\"source\":\"debugfs:$qemu-9\",\"pid\":$qemu,\"fd\":9,\"order_at_least\":null,\"valid\":null,\"process\":\"bash\",\"guest\":\"db,1\",\"path\":\"tree/kvm/$qemu-9/htab\"}"
ok "JSON of an older kernel" out_has "{\"source\":\"debugfs:$named\",\"pid\":$named,\"fd\":null,"
run list --debugfs tree --json --count
ok "JSON with --count" out_has "\"fd\":11,\"order_at_least\":18,\"valid\":450,"
for key in $(head -n 1 out | grep -oE '"[a-z_]+":' | tr -d '":'); do
	ok "the manual explains $key" grep -qw -e "$key" "$here/../../doc/man/hpt-list.1"
done
run list --debugfs tree --color always
sed "s/$(printf '\033')\[[0-9]*m//g" out >stripped
run list --debugfs tree
ok "colours change nothing else" same out stripped

for form in "" --json; do
	# shellcheck disable=SC2086
	"$HPT" list --debugfs tree $form >/dev/full 2>err
	status=$?
	: >out
	ok "no room $form" refused 2 "standard output: No space left on device"
done

# What another process's name may do to a terminal.
bash -c 'read -r line <&3' qemu -name "$(printf 'a\033[31mb')" 3< <(exec sleep 300) &
evil=$!
vm "$evil-3" "$list8"
ok "one with a name that is not fit for a terminal" became $evil 'a.\[31mb'
run list --debugfs tree
ok "no escapes from a name" no_escapes
kill $evil
wait $evil 2>/dev/null
rm -r "tree/kvm/$evil-3"

# By PID.
"$HPT" dump --order 18 "$list9" >expected
run dump --order 18 --debugfs tree "debugfs:$qemu-11"
ok "debugfs:PID-FD" same out expected
"$HPT" dump --order 18 "$list8" >expected
run dump --order 18 --debugfs tree "debugfs:$named"
ok "debugfs:PID" same out expected
run dump --order 18 --debugfs tree "debugfs:$qemu"
ok "two VMs" refused 2 "has 2 VMs: say which of debugfs:$qemu-9, debugfs:$qemu-11"
run dump --order 18 --debugfs tree "debugfs:$qemu-12"
ok "no such descriptor" refused 2 "has no VM with descriptor 12"
run dump --debugfs tree "debugfs:$$-8"
ok "a radix guest" refused 1 "no hashed page table: the guest of process $$ uses radix"
run info --debugfs tree --json "debugfs:$$-7"
ok "a guest that has entered nothing" out_has '"valid":0'
run dump --debugfs tree debugfs:2147483647
ok "no such process" refused 2 "there is no process 2147483647"
run dump --debugfs tree debugfs:0
ok "process 0" refused 2 "there is no process 0"
rm -r "tree/kvm/vm$named"
run dump --debugfs tree "debugfs:$named"
ok "a VM without a listing" refused 2 "no VM for which KVM lists a table: only KVM-HV does"
run list --debugfs tree extra
ok "an operand" refused 2 "no operand is expected: what of 'extra'?"

# Where to look.
run list --debugfs none
ok "no such directory" refused 2 "none: there is no such directory"
mkdir none
run list --debugfs none
ok "no KVM" refused 2 "none/kvm: there is no such directory: KVM is not loaded (modprobe kvm-hv)"
if ! grep -q ' debugfs ' /proc/self/mounts; then
	run list
	ok "debugfs is not mounted" refused 2 "debugfs is not mounted: mount -t debugfs debugfs"
fi
printf '     1 00' >"tree/kvm/$qemu-9/htab"
run list --count --debugfs tree
ok "a bad listing" refused 2 "$qemu-9/htab: kvm-debugfs: line 1, column 10"
if [ "$(id -u)" -ne 0 ]; then
	chmod 0 "tree/kvm/$qemu-9/htab"
	run list --debugfs tree
	ok "a listing that may not be read" refused 2 "only root may read it"
	chmod 0 tree/kvm
	run list --debugfs tree
	ok "a directory that may not be looked into" refused 2 "only root may look into debugfs"
	chmod 755 tree/kvm
fi
rm -r tree/kvm/*
vm "$$-8" /dev/null
echo "pgdir: 0" >"tree/kvm/$$-8/radix"
vm "$$-9"
run list --debugfs tree
ok "none of the VMs has a table" refused 1 "1 with radix, 1 of which KVM lists no table"
run list --debugfs tree --json
ok "nor in JSON" refused 1 "no guest with a hashed page table"

"$HPT" list --help >/dev/full 2>err
status=$?
: >out
ok "no room for the help" refused 2 "No space left on device"
finish
