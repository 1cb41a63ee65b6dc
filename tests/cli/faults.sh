#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Killed at every call that changes a file, and with each of them failing: where a file was to
# be there is the old one, or the whole new one, or none, and the exit status is true.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

cc=${CC:-cc}
preload=$dir/fault.so
# shellcheck disable=SC2086
if [[ ${CFLAGS:-} == *-fsanitize* ]] ||
	! $cc -shared -fPIC -o "$preload" "$here/fault.c" -ldl 2>cc.log; then
	sed 's/^/# /' cc.log 2>/dev/null
	ok "failing calls # SKIP no library can be put before this command's" true
	finish
	exit
fi

fetch_stream powernv8/sparse-p1
source=$(stream powernv8/sparse-p1)
# Larger than the output's buffer, so that there are several writes.
head -c $((1 << 21)) /dev/urandom >large
[ -s large ]
whole=$dir/whole

temporaries() { find place -mindepth 1 ! -name new; }

# One run with the fault at call $1; sets status, and hit if there was such a call.
strike()
{
	rm -rf place
	mkdir place
	[ -z "$old" ] || echo precious >place/new
	env LD_PRELOAD="$preload" FAULT="$fault" FAULT_AT="$1" \
		"$HPT" convert "${input[@]}" --to "$form" -o place/new ${old:+"$old"} >out 2>err &
	# In the background bash does not talk of those that were killed.
	wait $! 2>/dev/null
	status=$?
	hit=$(grep -c '^fault$' err)
}

# What is wrong after that, on standard output.
judge()
{
	local new=none

	[ ! -e place/new ] || new=other
	! cmp -s place/new "$whole" || new=whole
	[ -z "$old" ] || ! echo precious | cmp -s - place/new || new=old
	[ $new != other ] || echo "half a file"
	[ -z "$old" ] || [ $new != none ] || echo "the old file is gone"
	case $status in
	0) [ $new = whole ] || echo "status 0 and the file is not there" ;;
	2) grep -q '^hpt: place/new: ' err || echo "no message" ;;
	137) [ "$fault" = kill ] || [ "$fault" = after ] || echo "killed" ;;
	*) echo "status $status" ;;
	esac
	if [ $status -ne 137 ]; then
		[ -z "$(temporaries)" ] || echo "left behind: $(temporaries)"
	elif [ "$(temporaries | grep -cv '^place/\.hpt-......$')" -ne 0 ] ||
		[ "$(temporaries | wc -l)" -gt 1 ]; then
		echo "left behind: $(temporaries)"
	fi
	# A call that is made again, or half done, is no failure.
	case $fault in
	EINTR) ;;
	short) [ $status -eq 0 ] || echo "a short write is an error" ;;
	ENOSPC | EIO) [ $status -eq 2 ] || echo "no error" ;;
	*) [ $status -eq 137 ] || echo "not killed" ;;
	esac
}

# Every call of one run; at most as many as there are.
strike_all()
{
	local n

	for ((n = 1; n < 200; n++)); do
		strike $n
		[ "$hit" -ne 0 ] || break
		judge | sed "s/^/# $form $fault at call $n: /"
	done >wrong
	calls=$((n - 1))
	cat wrong
	[ ! -s wrong ] && [ $calls -ge 4 ] && [ $status -eq 0 ]
}

# every FORM FAULT...: new, and in place of a file
every()
{
	form=$1
	shift
	"$HPT" convert "${input[@]}" --to "$form" -o whole -f
	for old in "" --force; do
		for fault; do
			ok "$form ${old:-new} ${input[0]##*/}: $fault at every call" strike_all
			echo "# $calls calls"
		done
	done
}

input=("$source")
every kvm-le kill after short ENOSPC EIO EINTR
input=(large --kind image)
every image kill ENOSPC

# A name that somebody else takes meanwhile is his.
mkfifo fifo
rm -rf place && mkdir place
"$HPT" convert - --to kvm-le -o place/new <fifo >out 2>err &
process=$!
exec 9>fifo
for _ in $(seq 3000); do
	[ -n "$(temporaries)" ] && break
	sleep 0.02
done
echo theirs >place/new
cat "$source" >&9
exec 9>&-
wait $process
status=$?
ok "a file that came meanwhile is not replaced" refused 2 "place/new: File exists"
ok "and stays as it is" test "$(cat place/new)" = theirs
ok "nothing else is left" test -z "$(temporaries)"

# A disk that is really full: in a mount namespace of its own.
full()
{
	# shellcheck disable=SC2016
	unshare --map-root-user --mount bash -c '
		mount -t tmpfs -o size=128k none place || exit 77
		[ -z "$1" ] || echo precious >place/new
		"$HPT" convert large --kind image --to image -o place/new $1 2>err >out
		echo $? >status
		find place -mindepth 1 >names
		cat place/new >kept 2>/dev/null
		true' - "$@" 2>/dev/null
}
export HPT
for old in "" --force; do
	: >kept
	if ! full $old; then
		ok "a full disk ${old:-} # SKIP no file system of its own" true
		continue
	fi
	status=$(cat status)
	ok "a full disk ${old:-}" refused 2 "place/new: No space left on device"
	ok "what was there ${old:-(nothing)} is there" test "$(cat kept)" = "${old:+precious}"
	ok "and nothing else" test "$(cat names)" = "${old:+place/new}"
done

# A pipe that breaks, as with head: no message, as usual; and no space there.
"$HPT" convert "$source" --to kvm-le -o - 2>err | true
ok "a broken pipe is not talked about" test ! -s err
"$HPT" convert "$source" --to kvm-le -o - >/dev/full 2>err
status=$?
: >out
ok "a full device is" refused 2 "standard output: No space left on device"

finish
