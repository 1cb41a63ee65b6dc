#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# What convert writes appears complete or not at all, and nothing is left behind.

# shellcheck disable=SC2238
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch_stream powernv8/sparse-p1
source=$(stream powernv8/sparse-p1)
mkdir place
files() { find place -mindepth 1 | sort; }
only() { [ "$(files)" = "$1" ]; }

(umask 027 && "$HPT" convert "$source" --to image -o place/new)
ok "a file is made" only place/new
ok "with the rights that umask leaves" test "$(stat -c %a place/new)" = 640

cp place/new before
run convert "$source" --to qemu -o place/new
ok "an existing file is not replaced" refused 2 "place/new: exists (--force replaces it)"
ok "and is as it was" same place/new before
run convert "$source" --to qemu -o place/new --force
ok "--force replaces it" answered
ok "by the new form" test "$(wc -c <place/new)" -lt 20000
run convert place/new --to image -o place/new -f
ok "a file can replace itself" answered
ok "and nothing is lost" same place/new before
ok "nothing else is there" only place/new

ln -s new place/link
run convert "$source" --to kvm-be -o place/link
ok "a link to a file is not replaced" refused 2 "exists"
run convert "$source" --to kvm-be -o place/link --force
ok "--force replaces what a link names" test -L place/link -a "$(wc -c <place/new)" -lt 20000
rm place/link place/new

ln -s nowhere place/link
run convert "$source" --to kvm-be -o place/link
ok "a link to nothing is not replaced" refused 2 "exists"
rm place/link

mkdir place/directory
run convert "$source" --to qemu -o place/directory
ok "a directory is no place" refused 2 "place/directory: not a regular file"
run convert "$source" --to qemu -o place/directory --force
ok "nor is it replaced" refused 2 "place/directory: not a regular file"
rmdir place/directory
run convert "$source" --to qemu -o /dev/full --force
ok "nor is a device" refused 2 "/dev/full: not a regular file"
run convert "$source" --to qemu -o place/none/new
ok "a directory that is not there" refused 2 "place/none/new: No such file or directory"

if [ "$(id -u)" -ne 0 ]; then
	chmod a-w place
	run convert "$source" --to qemu -o place/new
	ok "a directory that cannot be written" refused 2 "place/new: Permission denied"
	chmod u+w place
else
	run convert "$source" --to qemu -o /proc/hpt-new
	ok "a directory that cannot be written" refused 2 "/proc/hpt-new: "
fi
ok "nothing is left of it" only ""

(ulimit -f 8 && "$HPT" convert "$source" --to kvm-le -o place/new) >out 2>err
status=$?
ok "no room for the file" refused 2 "place/new: File too large"
ok "nothing is left of it" only ""
(ulimit -f 8 && "$HPT" convert "$source" --to image -o place/new) >out 2>err
status=$?
ok "no room for an image" refused 2 "place/new: File too large"
ok "nothing is left of that" only ""

head -c 100 "$source" >cut
run convert --order 18 cut --to qemu -o place/new
ok "a source that is cut" refused 2 "cut: "
ok "nothing is left of it" only ""
run convert "$dir/none" --to qemu -o place/new
ok "no source" refused 2 "none: "
ok "nothing is left of it" only ""
echo precious >place/new
run convert cut --to qemu -o place/new --force
ok "a failure with --force" refused 2 "cut: "
ok "leaves the old file" test "$(cat place/new)" = precious
rm place/new

# A source that never ends: the signal comes while the new file is there.
for signal in TERM INT HUP; do
	mkfifo fifo
	sleep 600 >fifo &
	writer=$!
	# A background job of a shell without job control ignores SIGINT: hand it back.
	env --default-signal=INT,HUP,TERM "$HPT" convert - --to qemu -o place/new <fifo >out 2>err &
	process=$!
	for _ in $(seq 1200); do
		[ -n "$(files)" ] && break
		sleep 0.05
	done
	ok "SIG$signal: the file is hidden while it is written" \
		test "$(files | grep -c '^place/\.hpt-')" -eq 1
	kill -s $signal $process
	wait $process 2>/dev/null
	status=$?
	ok "SIG$signal ends it" test $status -eq $((128 + $(kill -l $signal)))
	ok "SIG$signal: nothing is left" only ""
	kill $writer 2>/dev/null
	wait $writer 2>/dev/null
	rm fifo
done

# A table that is too large for a stream's 32-bit index.
truncate -s 256G huge 2>/dev/null && printf '\0\0\0\0\0\0\0\1\0\0\0\0\0\0\20\0' |
	dd of=huge bs=16 seek=1 conv=notrunc 2>/dev/null
if [ -s huge ]; then
	run convert --kind image huge --to qemu -o place/new
	ok "order 38 is no stream" refused 2 "order 38 cannot be a stream"
	ok "nothing is left of it" only ""
fi

finish
