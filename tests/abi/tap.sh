# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# shellcheck shell=sh
# For the shell scripts among the tests: the Test Anything Protocol, and a scratch directory.
# "make check" sets the environment; by hand they run from the top of a build in the tree.

top_srcdir=$(cd "${top_srcdir:-.}" && pwd)
top_builddir=$(cd "${top_builddir:-.}" && pwd)
: "${CC:=cc}" "${CXX:=c++}" "${NM:=nm}" "${READELF:=readelf}" "${MAKE:=make}"
export LC_ALL=C

tap_count=0
tap_failed=0

# ok STATUS WHAT: one test point; ok when STATUS is 0.
ok()
{
	tap_count=$((tap_count + 1))
	if test "$1" -eq 0; then
		echo "ok $tap_count - $2"
	else
		tap_failed=1
		echo "not ok $tap_count - $2"
	fi
}

# empty FILE WHAT: ok when FILE is empty; its lines are the diagnosis.
empty()
{
	test ! -s "$1"
	ok $? "$2"
	sed 's/^/# /' "$1"
}

# succeeds WHAT COMMAND...: ok when COMMAND does; the end of its output is the diagnosis.
succeeds()
{
	tap_what=$1
	shift
	"$@" > "$scratch/output" 2>&1 < /dev/null
	tap_status=$?
	ok $tap_status "$tap_what"
	test $tap_status -eq 0 || tail -n 40 "$scratch/output" | sed 's/^/# /'
	return $tap_status
}

# skip WHAT WHY: one test point that could not be had here.
skip()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# skip_all WHY: nothing of this script can run here.
skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}

# finish: the plan, and an exit status for people and scripts.
finish()
{
	echo "1..$tap_count"
	exit $tap_failed
}

# For the committed lists, which have comments.
uncommented()
{
	grep -v '^#' "$1"
}

print_licence()
{
	echo "# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause"
}

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
