#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# What the command gives up before it parses anything: each command has done so when it reads,
# and what it gave up cannot be had again.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch_stream powernv8/sparse-p1
source=$(stream powernv8/sparse-p1)
"$HPT" --version >version
ok "--version says what there is of a sandbox" grep -q '^sandbox: ' version
sed 's/^/# /' version

run --no-sandbox info "$source"
ok "--no-sandbox before a command" answered
run info --no-sandbox "$source"
ok "and not behind it" refused 2 "option --no-sandbox"
run --no-sandbox
ok "nor alone" refused 2 "no command was given"
run --no-sandbox --version
ok "it changes nothing of --version" same out version

if ! grep -q '^sandbox: .*seccomp (libseccomp [0-9.]*)$' version; then
	ok "without seccomp # SKIP this build or this kernel has none" true
	finish
	exit
fi

# status_while ARGUMENT...: what /proc says of the command while it waits for its source
status_while()
{
	local process

	rm -f now
	"$HPT" "$@" <fifo >out 2>err &
	process=$!
	exec 9>fifo
	# In a build tree a script comes first; then the command sleeps where it reads.
	for _ in $(seq 3000); do
		[[ $(readlink "/proc/$process/exe") == *hpt ]] &&
			grep -q '^State:.*sleeping' "/proc/$process/status" && break
		sleep 0.02
	done
	sleep 0.1
	cp "/proc/$process/status" now
	kill $process
	exec 9>&-
	wait $process 2>/dev/null
}

has() { grep -q "^$1:[[:space:]]*$2\$" now; }

mkfifo fifo
mkdir -p debugfs/kvm/4711-3
ln -s "$dir/fifo" debugfs/kvm/4711-3/htab
# Every command that the help names, so that none can be forgotten.
for command in $("$HPT" --help | sed -n 's/^  \([a-z]*\)  *.*/\1/p' | grep -v '^help$'); do
	case $command in
	list) arguments=(--debugfs "$dir/debugfs" --count) ;;
	convert) arguments=(- --to qemu -o new) ;;
	vmcore) arguments=(- -o new) ;;
	gdbserver) arguments=(--listen "unix:$dir/socket" -) ;;
	translate | explain | who) arguments=(- 0x1000) ;;
	read) arguments=(- 0x1000 16) ;;
	diff) arguments=(- "$source") ;;
	*) arguments=(-) ;;
	esac
	status_while "$command" "${arguments[@]}"
	ok "$command is confined when it reads" has Seccomp 2
	ok "$command gets no new privileges" has NoNewPrivs 1
done
# Files of registers and segments are what somebody else printed, too.
for option in --registers --slb; do
	for command in "translate $source 0" "explain $source 0" "read $source 0 16" "gdbserver $source"; do
		# shellcheck disable=SC2086
		status_while $command $option "$dir/fifo"
		ok "${command%% *} is confined when it reads $option" has Seccomp 2
	done
done
status_while convert - --to qemu -o -
ok "convert to standard output likewise" has Seccomp 2
status_while --no-sandbox info -
ok "--no-sandbox leaves it as it is" has Seccomp 0

# What can be had.
cc=${CC:-cc}
preload=$dir/try.so
# shellcheck disable=SC2086
if ! $cc -shared -fPIC -o "$preload" "$here/sandbox_try.c" 2>cc.log; then
	sed 's/^/# /' cc.log
	ok "what can be had # SKIP no compiler for a library" true
	finish
	exit
fi

# try WHEN ARGUMENT...: what came of everything that is tried
try()
{
	local when=$1

	shift
	rm -rf place && mkdir place && cd place && echo old >try-old || return
	env LD_PRELOAD="$preload" SANDBOX_TRY="$when" "$HPT" "$@" <"$source" >out 2>err
	status=$?
	sed -n 's/^try //p' err >tried
	cd ..
}

refused_all() { ! grep -v -e ': E[A-Z]*$' -e '^to read a file: done$' place/tried; }
tried_all() { [ "$(wc -l <place/tried)" -ge 24 ]; }
nothing_made() { [ "$(find place -name 'try-*')" = place/try-old ] && grep -q old place/try-old; }

# That they are refused means something only if they are not otherwise.
try now --no-sandbox info -
ok "without a sandbox files are made" grep -q '^to make a file: done' place/tried
ok "and sockets" grep -q '^an internet socket: done' place/tried
ok "and processes" grep -q '^to begin a process: done' place/tried
ok "and a nameless file gets a name" test ! -e /tmp -o -e /tmp/hpt-try-named -o \
	"$(grep -c nameless place/tried)" -eq 0
rm -f /tmp/hpt-try-named

for command in info dump stat; do
	try confined $command -
	ok "$command: all is tried" tried_all
	ok "$command: all is refused" refused_all
	ok "$command: nothing is made" nothing_made
	ok "$command goes on with its work" status_is 0
	ok "$command may read" grep -q '^to read a file: done' place/tried
	ok "$command may not make a process" grep -q '^to begin a process: E' place/tried
	ok "$command may not run a program" grep -q '^to run a program: E' place/tried
done

# A command that writes a file may give that one its name, where it is to be.
mkdir -p elsewhere
try confined convert - --to qemu -o "$dir/elsewhere/new"
ok "convert: its file gets its name" test -s elsewhere/new
ok "convert: no file is opened to be written" grep -q '^to write a file: E' place/tried
ok "convert: no file is made" grep -q '^to make a file: E' place/tried
ok "convert: no socket" grep -q '^an internet socket: E' place/tried
ok "convert: no program" grep -q '^to run a program: E' place/tried
if grep -q '^sandbox: Landlock' version; then
	ok "convert: nothing elsewhere is renamed, linked or removed" nothing_made
	ok "convert: all is refused" refused_all
fi

# One that listens may take connections, and make none. Its standard input is the debugger.
fetch guest/guest.mig
try confined gdbserver "$dir/data/guest/guest.mig"
ok "gdbserver: all is tried" tried_all
ok "gdbserver: all is refused" refused_all
ok "gdbserver: nothing is made" nothing_made
ok "gdbserver goes on with its work" status_is 0

# Programs are not run for what they could decompress.
printf '\211LZO\0\r\n\032\n and more that is none' >file.lzo
run info file.lzo
ok "a form of compression that would need a program" status_is 2
ok "is refused, and not by a failed program" grep -Eq 'lzop|LZO' err

finish
