# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Bash completion of hpt(1).

_hpt_words()
{
	local vcpu="--cpu --registers --slb --processor"
	local linux="--linux --linux-pages"
	local access="--access --debug --translation"

	case $1 in
	info) echo "--json --xml --color" ;;
	dump)
		echo "--ptex --vsid --ra --page-size --bolted --all --limit --processor" \
			"--host --json --csv --raw --color"
		;;
	stat) echo "--json --processor --color" ;;
	convert) echo "--to --output --force" ;;
	vmcore) echo "--user-context --linux-pages --output --force" ;;
	translate | explain) echo "$vcpu $linux $access --json --color" ;;
	read) echo "$vcpu $linux $access --real --raw --all" ;;
	cpus) echo "$vcpu --json --color" ;;
	who) echo "$vcpu $linux --exact --json --color" ;;
	diff)
		echo "--pass --ptex --vsid --ra --page-size --bolted --ignore --by-page" \
			"--processor --brief --stat --json --color"
		;;
	watch)
		echo "--interval --count --follow --ptex --vsid --ra --page-size --bolted" \
			"--ignore --by-page --processor --lines --json --color"
		;;
	gdbserver) echo "$vcpu $linux --listen --once --allow-remote --endian" ;;
	list) echo "--count --json --debugfs --color --help" ;;
	esac
}

_hpt_values()
{
	case $1 in
	--kind) echo "qemu kvm-stream image kvm-debugfs core kdump ram" ;;
	--form) echo "classic v3" ;;
	--dialect) echo "kvm-le kvm-be qemu" ;;
	--color) echo "auto always never" ;;
	--to) echo "kvm-le kvm-be qemu image" ;;
	--page-size) echo "4K 64K 1M 16M 16G 4K/64K 4K/16M 64K/16M" ;;
	--processor) echo "970 power5+ power6 power7 power8 power9 power10" ;;
	--access) echo "read write fetch any" ;;
	--translation) echo "on off" ;;
	--listen) echo "stdio unix: 127.0.0.1:" ;;
	--endian) echo "big little" ;;
	--linux-pages) echo "4K 64K" ;;
	--ignore) echo "R C R,C N B WIMG pp key ra base_page actual_page software ptex" ;;
	--order | --ptex | --vsid | --ra | --limit | --cpu | --pass | --interval | --count) echo "" ;;
	--user-context | --sdr1 | --ptcr | --lpid | --timeout) echo "" ;;
	*) return 1 ;;
	esac
}

_hpt()
{
	local common="--kind --order --dialect --then --sdr1 --ptcr --lpid --form --debugfs \
		--pause --timeout --help"
	local commands="info dump stat convert vmcore translate explain read cpus who diff watch list gdbserver help"
	local current=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]}
	local values

	COMPREPLY=()
	# Bash takes "--to=qemu" for three words.
	if [[ $current == "=" ]]; then
		current=
	elif [[ $previous == "=" ]]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	# What is said before the command counts for nothing here.
	if [[ $command == --no-sandbox && $COMP_CWORD -eq 2 ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
		return
	fi
	[[ $command != --no-sandbox ]] || command=${COMP_WORDS[2]}
	if [[ $COMP_CWORD -eq 1 ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands --help --version --no-sandbox" -- "$current")
		return
	fi
	if [[ $command == help ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
		return
	fi
	if values=$(_hpt_values "$previous"); then
		mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
		return
	fi
	if [[ $command == list ]]; then
		common=
	fi
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$common $(_hpt_words "$command")" -- "$current")
		return
	fi
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$current")
}

complete -F _hpt hpt
