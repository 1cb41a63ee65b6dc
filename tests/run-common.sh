# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# shellcheck shell=bash
# For tests/run-*: checks of the whole tree, each of which builds it in a directory of its
# own. "./quickstart check" runs them; by hand: tests/run-NAME DIRECTORY. They print TAP.

if test $# -ne 1; then
	echo "usage: $(basename "$0") DIRECTORY" >&2
	exit 2
fi
mkdir -p "$1" || exit 2
directory=$(cd "$1" && pwd)
top_srcdir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/abi/tap.sh
. "$top_srcdir/tests/abi/tap.sh"
jobs=$(nproc)
# Faster in configure and libtool than what configure would choose.
! test -x /bin/dash || export CONFIG_SHELL=/bin/dash

# Builds here are told everything by their command lines.
unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS CXXFLAGS CPPFLAGS LDFLAGS DESTDIR CC CXX BUILD
cd "$directory" || exit 2

# need COMMAND PACKAGE: all is skipped where a tool is missing.
need()
{
	command -v "$1" > /dev/null || skip_all "$1 is missing (Debian: $2)"
}

# configured ARGUMENTS...: a test point, and the end of the script when it fails.
configured()
{
	succeeds "configure $*" "$top_srcdir/configure" --quiet "$@" || finish
}

# made WHAT ARGUMENTS...: likewise with make.
made()
{
	local what=$1
	shift
	succeeds "$what" make -s -j"$jobs" "$@"
}

# built: tools/hpt and the libraries here; those in BUILT, where that is said.
built()
{
	if test -n "${BUILT:-}"; then
		rm -rf tools lib
		succeeds "libraries and command are built" test -x "$BUILT/tools/hpt" || finish
		ln -s "$BUILT/tools" tools && ln -s "$BUILT/lib" lib
		return
	fi
	configured --enable-werror
	made "libraries and command" all || finish
}

# configured_anyhow ARGUMENTS...: $configured is a configured build: BUILT, where that is said.
configured_anyhow()
{
	configured=${BUILT:-$PWD}
	test -n "${BUILT:-}" || configured "$@"
	succeeds "there is a configured build" test -e "$configured/config.h" || finish
}

# no_warning WHAT FILE: no compiler's warning in a log.
no_warning()
{
	grep -E '(^|[^-])warning:' "$2" > "$scratch/warnings"
	empty "$scratch/warnings" "$1"
}

# entries_agree WHAT HPT FILE: hpt's entries are those that our guest says it entered.
entries_agree()
{
	local hex='"0x\([0-9a-f]*\)"'
	"$2" dump --json "$3" 2> "$scratch/stderr" |
		sed -n "s/.*\"ptex\":$hex.*\"v\":$hex.*\"r\":$hex.*/\1 \2 \3/p" |
		while read -r ptex v r; do
			printf '%x %016x %016x\n' "0x$ptex" "0x$v" "0x$r"
		done | diff "${4:-$top_srcdir/tests/data/guest/guest.truth}" - > "$scratch/diff"
	empty "$scratch/diff" "$1"
	sed 's/^/# /' "$scratch/stderr"
}

# leave_out WHAT WHY TEST...: all unit tests but those, in $tests
leave_out()
{
	local what=$1 why=$2 name
	shift 2
	tests=()
	while read -r name; do
		case " $* " in
		*" ${name##*/} "*) skip "$what: $name" "$why" ;;
		*) tests+=("$name") ;;
		esac
	done < <(sed -n '/^UNIT_TESTS = /,/[^\\]$/p' "$top_srcdir/Makefile.am" |
		grep -o 'tests/unit/[a-z0-9_]*')
}

# side_by_side FUNCTION...: each in a process of its own, as many at a time as there are
# processors, and then what they printed, in order.
side_by_side()
{
	local part
	for part; do
		while test "$(jobs -pr | wc -l)" -ge "$jobs"; do wait -n; done
		( (run_part "$part"); echo $? > "$scratch/$part.status") > "$scratch/$part.tap" &
	done
	wait
	for part; do
		show_part "$part" "$(cat "$scratch/$part.status")"
	done
}

# Each has a scratch directory of its own.
run_part()
{
	local scratch=$scratch/$1
	mkdir "$scratch"
	"$1"
	return "$tap_failed"
}

# show_part PART STATUS: its test points under numbers of this script.
show_part()
{
	local line
	while IFS= read -r line; do
		case $line in "ok "* | "not ok "*) tap_count=$((tap_count + 1)) ;; esac
		case $line in
		"ok "*) echo "ok $tap_count ${line#ok * }" ;;
		"not ok "*) echo "not ok $tap_count ${line#not ok * }" ;;
		"1.."*) ;;
		*) echo "$line" ;;
		esac
	done < "$scratch/$1.tap"
	test "$2" -eq 0 || tap_failed=1
	test "$2" -le 1 || ok "$2" "$1 comes to its end"
}
