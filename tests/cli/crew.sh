#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# A dump that several threads print is the one that a single thread prints: whole, in order, and
# as far as it came where something failed. --limit has one thread do it.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch_stream powernv8/dense-p1
run convert --to image -o part "$(stream powernv8/dense-p1)"
# Valid entries everywhere, of which those of the first part only are in their own groups.
for _ in 1 2 3 4 5 6 7 8; do cat part; done >large
# And a hole, as tables have where nothing was ever entered.
truncate -s 4M large
single="--limit 999999999"

for how in "" "--json" "--csv" "--raw" "--color always" "--ptex 0x1234-0x1fedc" \
	"--page-size 64K --bolted"; do
	# shellcheck disable=SC2086
	run dump --kind image $how $single large
	cp out expected
	# shellcheck disable=SC2086
	run dump --kind image $how large
	ok "dump $how: no other by several threads" same out expected
	ok "dump $how: nothing is said" answered
done
run dump --kind image $single large
cp out expected
ok "there is much" test "$(wc -l <out)" -eq $((8 * 16384 + 1))
if command -v taskset >/dev/null; then
	taskset -c 0 "$HPT" dump --kind image large >out 2>err
	status=$?
	ok "on one processor" same out expected
fi
for _ in 1 2 3 4 5; do
	"$HPT" dump --kind image large >out 2>err || break
	cmp -s out expected || break
	echo
done >again
ok "again and again" test "$(wc -l <again)" -eq 5

"$HPT" dump --kind image large >/dev/full 2>err
status=$?
: >out
ok "no room" refused 2 "standard output: No space left on device"
(
	ulimit -f 4000
	trap '' XFSZ
	exec "$HPT" dump --kind image large >out 2>err
)
status=$?
ok "no room for all" test "$status" -eq 2
ok "which is said" err_has "standard output: File too large"
ok "what there is of it is right" cmp -s out <(head -c 4096000 expected)
"$HPT" dump --kind image large 2>err | head -n 20000 >out
status=${PIPESTATUS[0]}
ok "a reader that goes away ends it by SIGPIPE" test "$status" -eq 141
ok "and got its lines" cmp -s out <(head -n 20000 expected)

# A disk that fails in the middle of the table.
cat >bad.c <<'C'
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>
typedef ssize_t read_at(int, void *, size_t, off64_t);
ssize_t pread64(int fd, void *to, size_t n, off64_t at)
{
	if (at + (off64_t)n > 1234567 && at < (1 << 21)) {
		errno = EIO;
		return -1;
	}
	return ((read_at *)dlsym(RTLD_NEXT, "pread64"))(fd, to, n, at);
}
ssize_t pread(int fd, void *to, size_t n, off_t at)
{
	return pread64(fd, to, n, at);
}
C
# shellcheck disable=SC2086
if [[ ${CFLAGS:-} == *-fsanitize* ]] ||
	! ${CC:-cc} -shared -fPIC -o bad.so bad.c -ldl 2>cc.log; then
	sed 's/^/# /' cc.log 2>/dev/null
	ok "a disk that fails # SKIP no library can be put before this command's" true
else
	# shellcheck disable=SC2086
	LD_PRELOAD=$dir/bad.so "$HPT" dump --kind image $single large >expected 2>told
	LD_PRELOAD=$dir/bad.so "$HPT" dump --kind image large >out 2>err
	status=$?
	ok "a disk that fails" test "$status" -eq 2 -a -s expected
	ok "is told" err_has "Input/output error"
	ok "as by one thread, but for the place" \
		test "$(sed 's/[0-9]\+/N/' err)" = "$(sed 's/[0-9]\+/N/' told)"
	# One thread reads more at a time, so that it may know earlier.
	ok "what came before is right" cmp -s <(head -c "$(stat -c %s expected)" out) expected
fi
finish
