#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Standard output: errors are seen, binary stays off terminals, colours stay on them.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch_stream powernv8/dense-p1
fetch_stream powernv8/sparse-p1
source=$(stream powernv8/dense-p1)
small=$(stream powernv8/sparse-p1)

# to TARGET ARGUMENT...: standard output goes there
to()
{
	local target=$1

	shift
	: >out
	"$HPT" "$@" >"$target" 2>err
	status=$?
}

for command in "info" "dump" "dump --json" "dump --csv" "dump --raw" "stat" "stat --json" \
	"convert --to qemu -o -" "convert --to image -o -"; do
	# shellcheck disable=SC2086
	to /dev/full $command "$source"
	ok "$command: no room" refused 2 "standard output: No space left on device"
	# shellcheck disable=SC2086
	"$HPT" $command "$source" >&- 2>err
	status=$?
	ok "$command: closed" refused 2 "standard output: Bad file descriptor"
done
fetch guest/guest.mig
guest=data/guest/guest.mig
for command in "translate $guest 0x10" "translate --json $guest 0x10" "explain $guest 0x10" \
	"explain --json $guest 0x10" "read --real $guest 0 64" "read --real --raw $guest 0 64" \
	"cpus $guest" "cpus --json $guest" "who $guest 0x10000" "who --json $guest 0x10000" \
	"diff $guest $small" "diff --json $guest $small" "diff --stat $guest $small" \
	"watch --count 1 $guest" "watch --count 1 --json $guest"; do
	# shellcheck disable=SC2086
	to /dev/full $command
	ok "$command: no room" refused 2 "standard output: No space left on device"
	# shellcheck disable=SC2086
	"$HPT" $command >&- 2>err
	status=$?
	ok "$command: closed" refused 2 "standard output: Bad file descriptor"
done
to /dev/full --help
ok "--help: no room" refused 2 "standard output: No space left on device"
to /dev/full --version
ok "--version: no room" refused 2 "standard output: No space left on device"
to /dev/full dump --help
ok "dump --help: no room" refused 2 "standard output: No space left on device"

# Megabytes, which one thread writes while another makes them: in order, and whole.
truncate -s 4M large
"$HPT" dump --kind image --all large >out 2>err
status=$?
ok "megabytes" test "$status" -eq 0 -a "$(wc -l <out)" -eq $((262144 + 1))
awk 'NR > 1 && $1 != sprintf("0x%05x", NR - 2) { print; exit 1 }' out >differences
ok "in order" cmp -s differences /dev/null
cp out whole
(
	ulimit -f 3000
	trap '' XFSZ
	exec "$HPT" dump --kind image --all large >out 2>err
)
status=$?
ok "megabytes, and no room for all" test "$status" -eq 2
ok "which is said" err_has "standard output: File too large"
ok "what there is of it is right" cmp -s out <(head -c 3072000 whole)

# A reader that has seen enough: as quiet as any filter.
"$HPT" dump --all "$source" 2>err | head -n 1 >out
status=${PIPESTATUS[0]}
ok "a reader that goes away ends the dump by SIGPIPE" test "$status" -eq 141
ok "without a word" err_empty
ok "and got its line" grep -q '^ptex ' out
# Where SIGPIPE is ignored it is an error as others are.
(trap '' PIPE && "$HPT" dump --all "$source" 2>err; echo $? >code) | head -n 1 >/dev/null
status=$(cat code)
ok "where SIGPIPE is ignored it is an error" \
	test "$status" -eq 2 -a "$(cat err)" = "hpt: standard output: Broken pipe"

run dump "$small"
cp out plain
ok "no colours in a file" no_escapes
run dump --color auto "$small"
ok "--color auto: no colours in a file" same out plain
run dump --color always "$small"
ok "--color always: colours" test "$(grep -c "$(printf '\033')" out)" -gt 0
sed "s/$(printf '\033')\[[0-9]*m//g" out >stripped
ok "colours change nothing else" same stripped plain
NO_COLOR=1 run dump --color always "$small"
ok "--color always is stronger than NO_COLOR" \
	test "$(grep -c "$(printf '\033')" out)" -gt 0
for command in stat info; do
	run $command "$small"
	ok "$command: no colours in a file" no_escapes
	cp out plain
	run $command --color always "$small"
	sed "s/$(printf '\033')\[[0-9]*m//g" out >stripped
	ok "$command: colours change nothing else" same stripped plain
done

for command in "translate $guest 0x40000000 0xc000000000010000" "cpus $guest" \
	"explain $guest 0xc000000000010000" "who $guest 0x10000" \
	"diff $guest $small"; do
	# shellcheck disable=SC2086
	run $command
	ok "$command: no colours in a file" no_escapes
	cp out plain
	# shellcheck disable=SC2086
	run $command --color always
	ok "$command: colours" test "$(grep -c "$(printf '\033')" out)" -gt 0
	sed "s/$(printf '\033')\[[0-9]*m//g" out >stripped
	ok "$command: colours change nothing else" same stripped plain
done

# On a terminal, which script(1) gives.
if command -v script >/dev/null; then
	terminal() { TERM=xterm script -qec "$*" typescript </dev/null >/dev/null 2>&1; }
	escapes() { grep -q "$(printf '\033\\[1m')" typescript; }
	terminal "$HPT" dump --limit 3 "$small"
	ok "colours on a terminal" escapes
	terminal env NO_COLOR=1 "$HPT" dump --limit 3 "$small"
	ok "but not with NO_COLOR" test "$(escapes; echo $?)" -eq 1
	terminal "$HPT" dump --color never --limit 3 "$small"
	ok "nor with --color never" test "$(escapes; echo $?)" -eq 1
	terminal "$HPT" dump --raw --limit 3 "$small"
	status=$?
	ok "--raw refuses a terminal" test "$status" -eq 2
	ok "and says why" grep -q 'not to a terminal' typescript
	terminal "$HPT" read --real --raw $guest 0 16
	status=$?
	ok "read --raw refuses a terminal" test "$status" -eq 2
	terminal "$HPT" convert --to image -o - "$small"
	status=$?
	ok "convert -o - refuses a terminal" test "$status" -eq 2
	ok "and says why, too" grep -q 'not to a terminal' typescript
else
	ok "# SKIP no script(1)" true
fi

finish
