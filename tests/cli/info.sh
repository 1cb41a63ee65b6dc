#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# What is said of each kind of source.

# shellcheck disable=SC1003,SC2002,SC2238
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch_stream powernv8/sparse-p1
source=$(stream powernv8/sparse-p1)
line() { grep -qx -e "$1" out; }

cp "$source" it
run info it
ok "a stream: info answers" answered
ok "a stream: its kind" line "kind         kvm-stream: .*"
ok "a stream: its dialect" line "dialect      kvm-le"
ok "a stream: its size" line "file size    11\.3 KiB (11632 bytes)"
ok "a stream: its table" line "table        order 18: 256 KiB (262144 bytes)"
ok "a stream: its slots" line "slots        16384 in 2048 PTEGs"
ok "a stream: its entries" line "valid        490 entries, 2\.99 % of the slots"
ok "a stream: its passes" line "stream       474 chunks in 1 pass"
ok "a stream has no vCPUs" test "$(grep -c vCPUs out)" -eq 0
run info --json it
ok "a stream in JSON" out_is '{"source":"it","kind":"kvm-stream","dialect":"kvm-le","compression":null,"container":null,"container_details":null,"file_bytes":11632,"machine":null,"run_state":null,"mmu":"'"$(grep -o '"mmu":"[a-z]*"' out | cut -d'"' -f4)"'","vcpus":null,"ram_bytes":null,"ram_blocks":[],"snapshots":[],"table":true,"no_table":null,"order":18,"order_guessed":false,"table_bytes":262144,"slots":16384,"ptegs":2048,"valid":490,"passes":1,"chunks":474,"warnings":[]}'

"$HPT" convert it --to image -o image
run info image
ok "an image: its kind" line "kind         image: a flat table"
ok "an image: its table" line "table        order 18: 256 KiB (262144 bytes)"
ok "an image: its entries" line "valid        490 entries, 2\.99 % of the slots"
head -c 262143 image >short
run info --kind image short
ok "an image of no power of two" refused 2 "short: "
run info --kind qemu it
ok "a stream is not what QEMU saves" refused 2 "it: "
run info --kind kvm-stream --dialect kvm-be it
ok "nor of the other byte order" refused 2 "it: "
run info --order 19 it
ok "nor of another order" refused 2 "it: "

# Control characters of a name do not reach the terminal.
cp it "$(printf 'a\033[31mb')"
run info "$(printf 'a\033[31mb')"
ok "a name's escape sequences are shown, not sent" line 'source       a\\x1b\[31mb'
run info --json "$(printf 'a\033"b')x"
ok "nor in errors" test "$(grep -c "$(printf '\033')" err)" -eq 0
cp it 'quo"te\'
run info --json 'quo"te\'
ok "JSON is escaped" out_has '{"source":"quo\"te\\",'

# The same stream, compressed and through a pipe.
for tool in gzip xz zstd bzip2 lzop; do
	if ! command -v $tool >/dev/null || ! "$HPT" --version | grep -q '^compressed files: lib'; then
		ok "# SKIP no $tool" true
		continue
	fi
	$tool -c it >packed
	run info packed
	ok "$tool: info answers" answered
	ok "$tool is named" line "compression  $tool"
	ok "$tool: the same entries" line "valid        490 entries, 2\.99 % of the slots"
	"$HPT" dump packed >found
	"$HPT" dump it >expected
	ok "$tool: the same dump" same found expected
	"$HPT" dump - <packed >found
	ok "$tool through standard input" same found expected
	cat packed | "$HPT" dump - >found
	ok "$tool through a pipe" same found expected
	head -c $(($(wc -c <packed) / 2)) packed >cut
	run dump cut
	ok "$tool, cut" refused 2 "cut: "
done
cat it | "$HPT" info - >out
status=$?
ok "standard input has a name" line "source       standard input"

finish
