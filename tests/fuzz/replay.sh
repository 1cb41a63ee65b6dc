#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Each fuzz target takes its corpus and its regressions, without a fuzzing engine.
. "${top_srcdir:-.}/tests/abi/tap.sh"

command -v xz > /dev/null || skip_all "xz is missing (Debian: xz-utils)"
fuzz=$top_srcdir/tests/fuzz

for archive in "$fuzz"/corpus/*.tar.xz; do
	target=$(basename "$archive" .tar.xz)
	mkdir -p "$scratch/$target"
	xz -dc "$archive" | tar -C "$scratch/$target" -xf -
	for input in "$fuzz/regressions/$target"-*; do
		test ! -e "$input" || cp "$input" "$scratch/$target"
	done
	succeeds "$target" "$top_builddir/tests/fuzz/$target" "$scratch/$target" &&
		sed 's/^/# /' "$scratch/output"
done
finish
