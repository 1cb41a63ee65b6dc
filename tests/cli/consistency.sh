#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Help, manual page, completion and command know the same options.

# shellcheck disable=SC2094
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

top=$here/../..
# shellcheck source=tools/hpt.bash
. "$top/tools/hpt.bash"

long_options() { grep -oE -e '(^|[^a-z0-9-])--[a-z][a-z0-9-]*' | grep -oE -e '--[a-z0-9-]+' | sort -u; }
manual_options() { grep -oE -e 'Fl -[a-z][a-z0-9-]*' "$top/doc/man/$1" | sed 's/Fl -/--/' | sort -u; }

# completed WORD...: what bash would offer for the last word
completed()
{
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_hpt 2>/dev/null
	printf '%s\n' "${COMPREPLY[@]}" | sort -u
}

for command in info dump stat convert vmcore translate explain read cpus who diff watch list gdbserver; do
	"$HPT" $command --help | long_options >help
	ok "$command: help names options" test "$(wc -l <help)" -ge 5
	manual_options hpt-$command.1 >manual
	ok "$command: the manual has the options of the help" same manual help
	completed hpt $command -- >completion
	ok "$command: so has the completion" same completion help
	# An option that exists complains of its value or of the missing source, no more.
	while read -r option; do
		run $command "$option"
		[ "$option" = --help ] && continue
		grep -q unknown err && echo "$option"
	done <help >unknown
	ok "$command: the command knows all of them" test ! -s unknown
done

completed hpt "" >completion
for command in info dump stat convert vmcore translate explain read cpus who diff watch list gdbserver help; do
	ok "completion offers $command" grep -qx $command completion
done
for option in --help --version --no-sandbox; do
	ok "completion offers $option" grep -qx -e $option completion
done
ok "completion takes --no-sandbox" test \
	"$(completed hpt --no-sandbox who --ex)" = "$(completed hpt who --ex)" -a \
	"$(completed hpt --no-sandbox co)" = convert
ok "completion offers values" test "$(completed hpt convert --to "" | paste -sd' ')" = \
	"image kvm-be kvm-le qemu"
ok "completion takes --to=" test "$(completed hpt convert --to = q)" = qemu
for processor in $(completed hpt dump --processor ""); do
	"$HPT" dump --processor "$processor" --help >/dev/null
	ok "$processor is a processor" test $? = 0
done

"$HPT" help | long_options >help
manual_options hpt.1 | grep -vx -e --color >manual
ok "hpt: the manual has the options of the help" same manual help
for field in $("$HPT" dump --csv --kind image <(head -c 262144 /dev/zero) | tr ',' ' '); do
	ok "the manual explains the field $field" grep -qw -e "$field" "$top/doc/man/hpt-dump.1"
done

# names KEYS-OF: the keys of one JSON object
head -c 262144 /dev/zero >empty
for command in info stat; do
	for key in $("$HPT" $command --json --kind image empty | grep -oE '"[a-z_]+":' | tr -d '":'); do
		ok "the manual explains $command's $key" grep -qw -e "$key" "$top/doc/man/hpt-$command.1"
	done
done

# explained MANUAL... -- COMMAND...: one of the manuals has each key
fetch guest/guest.mig
explained()
{
	local manuals=()

	while [ "$1" != -- ]; do
		manuals+=("$top/doc/man/$1.1")
		shift
	done
	shift
	for key in $("$HPT" "$@" | grep -oE '"[a-z_]+":' | tr -d '":' | sort -u); do
		# names of registers and of bits explain themselves
		case $key in *sprg? | ?srr? | srr? | [a-z]*r | dsisr | cfar | fscr | vrsave | hid?) continue ;; esac
		ok "the manual explains $1's $key" grep -qw -e "$key" "${manuals[@]}"
	done
}
guest=data/guest/guest.mig
explained hpt-translate -- translate --json $guest 0xc000000000010008
explained hpt-explain hpt-translate -- explain --json $guest 0xc000000000010008
explained hpt-who hpt-dump -- who --json $guest 0x10000
head -c 524288 /dev/zero >larger
explained hpt-diff hpt-dump -- diff --json --kind qemu --kind image $guest larger
explained hpt-diff hpt-dump -- diff --stat --json --kind qemu --kind image $guest larger
explained hpt-watch hpt-diff hpt-dump -- watch --count 1 --json $guest
explained hpt-cpus -- cpus --json $guest

if command -v mandoc >/dev/null; then
	for page in hpt hpt-info hpt-dump hpt-stat hpt-convert hpt-translate hpt-explain \
		hpt-read hpt-cpus hpt-who hpt-diff hpt-vmcore hpt-watch hpt-list hpt-gdbserver; do
		mandoc -Tlint -Wwarning "$top/doc/man/$page.1" >out 2>&1
		ok "$page.1 is well-formed" out_empty
	done
fi

finish
