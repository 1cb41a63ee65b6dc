#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Installs into a directory of its own, as a packager does, and builds outside programs
# against that through pkg-config: C and C++, shared and static; then runs them.
# shellcheck source=tests/abi/tap.sh
. "$(dirname "$0")/../abi/tap.sh"

stage=$scratch/stage
sources=$top_srcdir/tests/consumer
saved=$top_srcdir/tests/data/guest/guest.mig.xz
truth=$top_srcdir/tests/data/guest/guest.truth
strict="-Wall -Wextra -Wpedantic -Werror"
: "${PKG_CONFIG:=pkg-config}"

# Not the flags of the make that runs this test: its job server is not ours.
unset MAKEFLAGS MFLAGS MAKELEVEL

# shellcheck disable=SC2317
install_tree()
{
	$MAKE -C "$top_builddir" install DESTDIR="$stage"
}

# pc ARGUMENTS...: pkg-config sees the staged tree before the system's.
pc()
{
	PKG_CONFIG_PATH=$libdir/pkgconfig "$PKG_CONFIG" "$@"
}

# The .pc files name the final place; point them to the staged one.
restage_pc()
{
	sed -i "s|^prefix=|prefix=$stage|; s|^\\(libdir\\|includedir\\)=/|\\1=$stage/|" \
		"$libdir"/pkgconfig/libhpt*.pc
}

# What a module needs behind its archive.
# shellcheck disable=SC2086,SC2317
private_libs()
{
	local needed
	needed=$(pc --print-requires-private "$1" | sed 's/ .*//')
	[[ -z $needed ]] || pc --libs $needed
	sed -n 's/^Libs\.private: *//p' "$libdir/pkgconfig/$1.pc"
}

# compile OUT SOURCE MODULE shared|static; SOURCE is a path
# shellcheck disable=SC2046,SC2086,SC2317
compile()
{
	local compiler="$CC -std=c11" libs
	[[ $2 != *.cc ]] || compiler="$CXX -std=c++17"
	libs=$(pc --libs "$3") || return
	if [[ $4 = static ]]; then
		# Our own libraries from their archives, others as they come.
		libs=$(sed 's/-lhpt-guest/-l:libhpt-guest.a/; s/-lhpt\>/-l:libhpt.a/' <<< "$libs")
		libs="$libs $(private_libs "$3")"
	fi
	$compiler $strict $(pc --cflags "$3") -o "$1" "$2" $CFLAGS $LDFLAGS $libs
}

runs()
{
	LD_LIBRARY_PATH=$libdir "$@"
}

# shellcheck disable=SC2317
# uses_staged PROGRAM: the shared library that it loads is the staged one.
uses_staged()
{
	runs ldd "$1" | grep -q "$libdir/libhpt.so.0"
}

consume()
{
	local program=$scratch/$1-$2 how=$2 module=libhpt arguments=()
	if [[ $1 = guest.* ]]; then
		module=libhpt-guest
		arguments=("$saved")
	fi
	if [[ $1 = *.cc ]] && ! $CXX --version > "$scratch/output" 2>&1; then
		skip "$1, $how" "no C++ compiler"
		return
	fi
	if [[ $how = static && ! -e $libdir/libhpt.a ]]; then
		skip "$1, $how" "no static library"
		return
	fi
	if [[ $how = shared && ! -e $libdir/libhpt.so ]]; then
		skip "$1, $how" "no shared library"
		return
	fi
	succeeds "$1 builds, $how" compile "$program" "$sources/$1" $module "$how" || return
	if [[ $how = shared ]]; then
		succeeds "$1 loads the installed library" uses_staged "$program"
	fi
	if [[ $1 = guest.* && $compressed = no ]]; then
		skip "$1 runs, $how" "built without libarchive"
		return
	fi
	succeeds "$1 runs, $how" runs "$program" "${arguments[@]}" || return
	if [[ $1 = guest.c ]]; then
		runs "$program" "$saved" 2>&1 | diff "$truth" - > "$scratch/diff"
		empty "$scratch/diff" "$1, $how: every entry is as the guest entered it"
	fi
}

succeeds "make install" install_tree || finish
pc_file=$(find "$stage" -name libhpt.pc)
libdir=${pc_file%/pkgconfig/libhpt.pc}
test -n "$pc_file"
ok $? "libhpt.pc is installed" || finish
restage_pc
for module in libhpt libhpt-guest; do
	succeeds "pkg-config finds $module, version $(pc --modversion $module)" \
		pc --exists --print-errors $module
done

hpt=$(find "$stage" -name hpt -path '*/bin/*')
succeeds "the installed hpt runs" runs "$hpt" --version
compressed=yes
runs "$hpt" --version | grep -q '^compressed files: no' && compressed=no

for name in include/hpt/hpt.h include/hpt/guest.h include/hpt/qmp.h \
	    share/man/man1/hpt.1 share/man/man1/hpt-dump.1 bash-completion/completions/hpt; do
	find "$stage" -path "*/$name" | grep -q .
	ok $? "$name is installed"
done

for how in shared static; do
	for program in table.c table.cc guest.c guest.cc; do
		consume $program $how
	done
done

# The program in README is one that works.
sed -n '/^\t#include <stdio.h>/,/^\t}/s/^\t//p' "$top_srcdir/README" > "$scratch/readme.c"
if [[ -e $libdir/libhpt.so ]]; then
	succeeds "README's program builds" \
		compile "$scratch/readme" "$scratch/readme.c" libhpt-guest shared
	if [[ $compressed = yes ]]; then
		runs "$scratch/readme" "$saved" | head -n 1 > "$scratch/found"
		sed -n 's/^2d0 //p' "$truth" | diff - "$scratch/found" > "$scratch/diff"
		empty "$scratch/diff" "README's program shows the entry at 0x2d0"
	fi
fi

$MAKE -s -C "$top_builddir" uninstall DESTDIR="$stage" > "$scratch/output" 2>&1
find "$stage" -type f > "$scratch/left"
empty "$scratch/left" "make uninstall leaves nothing"
finish
