# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2119,SC2120
# Sourced by the tests of the command: TAP, a directory of their own, captures and truths.
#
# HPT is the command, HPT_TEST_DATA the directory tests/data.

set -u
: "${HPT:?the path of the command}" "${HPT_TEST_DATA:?the path of tests/data}"
export LC_ALL=C
unset NO_COLOR POSIXLY_CORRECT

case $HPT in
/*) ;;
*) HPT=$(cd "$(dirname "$HPT")" && pwd)/$(basename "$HPT") ;;
esac
# In the build tree it may be libtool's script, which takes longer than the command behind it.
own=${HPT%/*}/.libs/${HPT##*/}
if [ -x "$own" ] && [ "$(head -c 2 "$HPT")" = '#!' ]; then
	LD_LIBRARY_PATH=${HPT%/*}/../lib/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
	export LD_LIBRARY_PATH
	HPT=$own
fi
HPT_TEST_DATA=$(cd "$HPT_TEST_DATA" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/hpt-cli.XXXXXX") || exit 99
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir" || exit 99

tests=0
status=

# run ARGUMENT...: the command, its output and status kept
run()
{
	"$HPT" "$@" >"$dir/out" 2>"$dir/err" </dev/null
	status=$?
}

# ok NAME COMMAND...: passes when the command does
ok()
{
	local name=$1

	shift
	tests=$((tests + 1))
	if "$@"; then
		echo "ok $tests - $name"
		return
	fi
	echo "not ok $tests - $name"
	echo "# failed: $*"
	echo "# status $status, standard error:"
	head -n 5 "$dir/err" 2>/dev/null | sed 's/^/#   /'
	echo "# standard output:"
	head -n 5 "$dir/out" 2>/dev/null | sed 's/^/#   /'
}

finish()
{
	echo "1..$tests"
}

status_is() { [ "$status" -eq "$1" ]; }
out_empty() { [ ! -s "$dir/out" ]; }
err_empty() { [ ! -s "$dir/err" ]; }
out_has() { grep -qF -e "$1" "$dir/out"; }
err_has() { grep -qF -e "$1" "$dir/err"; }
out_is() { [ "$(cat "$dir/out")" = "$1" ]; }
missing() { [ ! -e "$1" ]; }
no_escapes() { ! grep -q "$(printf '\033')" "$dir/out"; }

# Answered: status 0 and nothing on standard error.
answered() { status_is 0 && err_empty; }

# refused STATUS TEXT: that status, the text on standard error, nothing on standard output
refused()
{
	status_is "$1" && out_empty && err_has "$2" && grep -q '^hpt: ' "$dir/err"
}

# fetch NAME: a capture as it was, whether or not tests/data has it compressed
fetch()
{
	local from=$HPT_TEST_DATA/$1
	local to=$dir/data/$1

	[ -e "$to" ] && return
	mkdir -p "$(dirname "$to")"
	if [ -e "$from" ]; then
		cp "$from" "$to"
	elif ! xz -dc "$from.xz" >"$to"; then
		echo "Bail out! $1 is not in tests/data"
		exit 99
	fi
}

# stream NAME, listing NAME: where the fetched capture, and the kernel's own listing, are
stream() { echo "$dir/data/kvm-streams/$1.stream"; }
listing() { echo "$dir/data/kvm-streams/$1.debugfs"; }

fetch_stream()
{
	fetch "kvm-streams/$1.stream"
	fetch "kvm-streams/$1.debugfs"
}

# "ptex v r" in hex, lower case and without 0x, of a JSON dump
entries_of_json()
{
	sed -n 's/^{"ptex":"0x\([0-9a-f]*\)","v":"0x\([0-9a-f]*\)","r":"0x\([0-9a-f]*\)",.*/\1 \2 \3/p' "$@"
}

# Pads numbers, clears the hypervisor's bits of v; sets V where an entry is absent for the
# kernel (0x20), which it is not for the guest.
normal()
{
	awk '
	function pad(s, n) { while (length(s) < n) s = "0" s; return s }
	function digit(c) { return index("0123456789abcdef", c) - 1 }
	{
		v = pad($2, 16)
		high = digit(substr(v, 15, 1))
		low = digit(substr(v, 16, 1))
		if (int(high / 2) % 2 && low % 2 == 0)
			low++
		high = int(high / 8) * 8 + high % 2
		print pad($1, 8), substr(v, 1, 14) substr("0123456789abcdef", high + 1, 1) \
			substr("0123456789abcdef", low + 1, 1), pad($3, 16)
	}' "$@"
}

# entries_of SOURCE [OPTION...]: what the command says
entries_of() { "$HPT" dump --json "$@" | entries_of_json | normal; }

# entries_listed FILE: what the kernel says: index, v, host_r, guest_r
entries_listed() { awk '{ print $1, $2, $4 }' "$1" | normal; }

# same FILE FILE: equal, and not empty
same() { [ -s "$1" ] && cmp -s "$1" "$2"; }
