#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# What hpt gdbserver answers, packet by packet: see gdbserver.py. gdb itself is asked in
# tests/system.

: "${HPT:?the path of the command}" "${HPT_TEST_DATA:?the path of tests/data}"
if ! command -v python3 > /dev/null; then
	echo "1..0 # SKIP python3 is missing"
	exit 0
fi
exec python3 "$(dirname "$0")/gdbserver.py" "$HPT" "$HPT_TEST_DATA"
