#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Passes on top of each other: what the kernel had after each.

# shellcheck disable=SC2238
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch_stream powernv8/sparse-p1
fetch_stream powernv8/sparse-p2-changed
first=$(stream powernv8/sparse-p1)
second=$(stream powernv8/sparse-p2-changed)
entries_listed "$(listing powernv8/sparse-p2-changed)" >expected
entries_listed "$(listing powernv8/sparse-p1)" >before

ok "the passes differ" test "$(cmp -s before expected; echo $?)" -eq 1
entries_of "$first" --then "$second" >found
ok "--then applies the changes" same found expected
entries_of --then "$second" -- "$first" >found
ok "--then before the source" same found expected
entries_of "$first" --then "$second" --then "$second" >found
ok "a pass twice changes nothing more" same found expected
entries_of "$first" --then "$second" --then "$first" >found
cp before back
ok "a whole first pass again restores it" same found back
entries_of "$first" --then - <"$second" >found
ok "--then - reads standard input" same found expected
cat "$first" "$second" >both
entries_of both >found
ok "passes in one file" same found expected

: >nothing
entries_of "$first" --then nothing >found
ok "a pass in which nothing changed" same found before
run stat --kind kvm-stream --dialect kvm-le --order 18 --json nothing
ok "such a pass alone, when all is said of it" out_has '{"slots":16384,"valid":0,'

run stat "$first" --then "$second" --json
ok "stat of passes" answered
run convert "$first" --then "$second" --to kvm-le -o merged
ok "convert of passes" answered
entries_of merged >found
ok "converted passes are one" same found expected

run info "$second"
ok "a later pass alone: info guesses the order" status_is 0
ok "and says so" grep -q guessed out
run dump "$second"
ok "dump does not guess" refused 2 "(--order can say it)"
run dump --order 18 "$second"
ok "but takes an order" answered
run dump --order 46 "$second"
ok "an order that a stream cannot have" refused 2 "order is 46, expected 18 to 36"
ok "and no advice to say what was said" test "$(grep -c 'can say it' err)" -eq 0
run convert --order 36 "$second" --to qemu -o order36
ok "the largest stream" answered
run stat --json order36
ok "names every one of its slots" out_has '{"slots":4294967296,'
entries_of --order 36 "$second" >expected36
entries_of order36 >found
ok "and has the entries" same found expected36
run dump "$first" --then "$dir/none"
ok "a pass that is not there" refused 2 "none: "
head -c 30 "$second" >cut
run dump "$first" --then cut
ok "a pass that is cut" refused 2 "cut: "
ok "the offset is named" err_has "offset 0x1e"
"$HPT" dump --all --raw "$first" >image
run dump image --then "$second"
ok "an image has no passes" refused 2 "stream"

finish
