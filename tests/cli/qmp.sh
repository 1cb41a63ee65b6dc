#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# A guest that runs, behind monitors that fail in all ways: see qmp.py. The real thing is in
# tests/guest/live.py.

: "${HPT:?the path of the command}" "${HPT_TEST_DATA:?the path of tests/data}"
if ! command -v python3 > /dev/null; then
	echo "1..0 # SKIP python3 is missing"
	exit 0
fi
if "$HPT" --version | grep -q '^QEMU.*: no '; then
	echo "1..0 # SKIP built without jansson"
	exit 0
fi
exec python3 "$(dirname "$0")/qmp.py" "$HPT" "$HPT_TEST_DATA"
