#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# hpt watch: passes as they come, sources that are written anew, the end, a terminal.

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

fetch_stream powernv8/sparse-p1
fetch_stream powernv8/sparse-p2-changed
first=$(stream powernv8/sparse-p1)
second=$(stream powernv8/sparse-p2-changed)
cat "$first" "$second" >both
entries_listed "$(listing powernv8/sparse-p1)" >was
entries_listed "$(listing powernv8/sparse-p2-changed)" >is

# differences FILE: what a watch wrote, without its own lines and the time
differences() { grep -E '^[0-9:.]+ [-+~>] ' "$1" | cut -d ' ' -f 2- | sed 's/ *$//'; }
"$HPT" diff "$first" both | sed -e 1d -e 's/ *$//' >expected
ok "there is something to see" test "$(wc -l <expected)" -gt 100

# Each way in which a stream comes.
run watch both
ok "a file with two passes" answered
cp out found.text
differences out >found
ok "its differences are those of hpt diff" same found expected
ok "the first pass counts" grep -q " pass 1: $(wc -l <was) entries\$" out
ok "so does the second" grep -q " pass 2: $(wc -l <is) entries: " out
ok "the end sums up" test "$(tail -n 1 out | cut -d ' ' -f 2-5)" = "end after 2 passes:"
for wants in "" "--dialect kvm-le" "--order 18" "--lines"; do
	# shellcheck disable=SC2086
	"$HPT" watch $wants - <both >out 2>err
	status=$?
	ok "standard input $wants" answered
	differences out >found
	ok "standard input $wants: the same" same found expected
done
tail -c +1 both | "$HPT" watch - >out 2>err
status=$?
differences out >found
ok "a pipe" same found expected
mkfifo fifo
cat both >fifo &
run watch fifo
differences out >found
ok "a FIFO" same found expected
wait $!
{
	head -c 5000 both
	sleep 0.3
	tail -c +5001 both | head -c 9001
	sleep 0.3
	tail -c +14002 both
} | "$HPT" watch --interval 100ms - >out 2>err
differences out | sort >found
sort expected >sorted
ok "in pieces: each difference once" same found sorted
"$HPT" convert "$first" --to qemu -o one.qemu
"$HPT" watch - <one.qemu >out
status=$?
ok "QEMU's dialect" grep -q " pass 1: $(wc -l <was) entries\$" out

# A pass is shown when nothing more comes, not only at the next.
{
	cat "$first" "$second"
	sleep 3
} | "$HPT" watch --interval 100ms --count 2 - >out 2>err
ok "the last pass of a pipe that stays open is shown, and --count ends it" \
	test "$(grep -c ' pass 2: ' out)" -eq 1

# waits FILE TEXT: until it has it, a minute at most
waits()
{
	for _ in $(seq 600); do
		grep -q "$2" "$1" && return
		sleep 0.1
	done
	return 1
}

# A file that grows; Ctrl-C.
cp "$first" grows
: >out # what the last one said must not be waited for
"$HPT" watch --follow --interval 100ms grows >out 2>err </dev/null &
pid=$!
ok "--follow: the first pass" waits out ' pass 1: '
cat "$second" >>grows
ok "--follow: the next, when it comes" waits out ' pass 2: '
kill -TERM $pid
wait $pid
status=$?
ok "a signal ends it: status 0" answered
ok "with a summary" grep -q ' end after 2 passes: ' out
differences out >found
ok "and each difference once" same found expected
ticks=$( (TIMEFORMAT='%U %S'; time timeout -s TERM 2 "$HPT" watch --follow --interval 1 both >out) 2>&1)
ok "no busy loop ($ticks s of 2)" awk -v t="$ticks" 'BEGIN { split(t, a); exit !(a[1] + a[2] < 0.5) }'

# A source that is written anew.
cp "$first" anew
: >out
"$HPT" watch --interval 100ms anew >out 2>err </dev/null &
pid=$!
ok "looks: the first" waits out ' look 1: '
cp both anew.new && mv anew.new anew
ok "looks: a change is seen" waits out ' entries: .*added'
kill -TERM $pid
wait $pid
status=$?
ok "looks: ended" answered
differences out >found
ok "looks: the differences" same found expected
run watch --interval 10ms --count 4 --json "$first"
ok "--count 4 --json" answered
ok "is four looks and an end" test "$(grep -o '"event":"[a-z]*"' out | sort | uniq -c | awk '{ print $1 $2 }' | paste -sd' ')" = \
	'1"event":"end" 4"event":"look"'
"$HPT" dump --raw --all "$first" >image
run watch --count 2 --interval 10ms --kind image image
ok "an image" answered
: >out
"$HPT" watch --interval 100ms anew >out 2>err </dev/null &
pid=$!
waits out ' look 1: '
rm anew
wait $pid
status=$?
ok "a source that is gone for good ends it: status 2" status_is 2
ok "and is named" err_has "anew: cannot open"
ok "after a summary" grep -q ' end after ' out

# JSON says what hpt diff says.
run watch --json both
cp out json
"$HPT" diff --json "$first" both >expected
sed -n 's/^{"event":"change","time":"[^"]*","pass":2,/{/p' json >found
ok "JSON: the differences are those of hpt diff" same found expected
run watch --ignore R,C --ptex 0-0xfff --json both
"$HPT" diff --ignore R,C --ptex 0-0xfff --json "$first" both >expected
sed -n 's/^{"event":"change","time":"[^"]*","pass":2,/{/p' out >found
ok "options of hpt diff" same found expected

# What it does not do.
run watch --interval 5ms both
ok "too short an interval" refused 2 "--interval: '5ms' is not a time"
run watch --interval 1x both
ok "an interval that is none" refused 2 "--interval: '1x' is not a time"
run watch --count 0 both
ok "no looks at all" refused 2 "--count: '0' is not a number of looks"
run watch qmp:socket
ok "a source that stops the guest wants an interval" refused 2 "--interval must say how often"
run watch missing
ok "a file that is not there" refused 2 "missing: cannot open"
run watch -
ok "an empty stream" status_is 2
head -c 3001 both >part
"$HPT" watch --dialect kvm-le --order 18 - <part >out 2>err
status=$?
ok "a stream that is cut" status_is 2
fetch radix/guest.mig
run watch data/radix/guest.mig
ok "a guest without a table: status 1" refused 1 "no hashed page table"
if command -v gzip >/dev/null && "$HPT" --version | grep -q libarchive; then
	gzip -k both
	run watch both.gz
	ok "a compressed stream: how it can be had" refused 2 "gzip -dc both.gz | hpt watch -"
fi

# On a terminal.
if command -v python3 >/dev/null && "$HPT" --version | grep -q '^live table: ncurses'; then
	cat >terminal.py <<'PYTHON'
import fcntl, os, pty, select, signal, struct, sys, termios, time
# A watch on a terminal of its own: wait for each text, then press or signal.
def watch(steps, *arguments):
    fd, terminal = pty.openpty()
    before = termios.tcgetattr(fd)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
    pid = os.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        for standard in range(3):
            os.dup2(terminal, standard)
        os.closerange(3, max(fd, terminal) + 1)
        os.execv(sys.argv[1], ["hpt", "watch", *arguments])
    os.close(terminal)
    seen, mark = b"", 0
    def read(until, seconds=60):
        nonlocal seen
        end = time.time() + seconds
        while until not in seen[mark:] and time.time() < end:
            if not select.select([fd], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(fd, 65536)
            except OSError:
                return until in seen[mark:]
            seen += data
        return until in seen[mark:]
    good = True
    for text, action in steps:
        good = read(text) and good
        mark = len(seen)
        if callable(action):
            action(fd, pid)
        else:
            os.write(fd, action)
    read(b"no such text") # to the end
    for _ in range(600):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        time.sleep(0.1)
    else:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return False
    after = termios.tcgetattr(fd)
    restored = before[:4] == after[:4]
    left = seen.rfind(b"\x1b[?1049l") > seen.rfind(b"\x1b[?1049h")
    return good and restored and left and b"end after " in seen[seen.rfind(b"\x1b[?1049l"):] \
        and os.waitstatus_to_exitcode(status) == 0
def resize(fd, pid):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 60, 0, 0))
    os.kill(pid, signal.SIGWINCH)
case = sys.argv[2]
file = sys.argv[3]
follow = ["--follow", "--interval", "200ms", file]
steps = {
    "q": [(b"bolted", b"q")],
    "ctrl-c": [(b"bolted", b"\x03")],
    "term": [(b"bolted", lambda fd, pid: os.kill(pid, signal.SIGTERM))],
    "resize": [(b"bolted", resize), (b"bolted", b"q")],
    "end": [(os.environ["LAST"].encode(), b"q")],
    "count": [(b"bolted", b"")],
}[case]
sys.exit(not watch(steps, *{"end": [file], "count": ["--count", "1", file]}.get(case, follow)))
PYTHON
	LAST=$(differences found.text | tail -n 1 | cut -d ' ' -f 2)
	export LAST
	for case in q ctrl-c term resize end count; do
		ok "on a terminal: $case" timeout 300 python3 terminal.py "$HPT" $case both
	done
	ok "no ANSI where it is no terminal" no_escapes
else
	ok "# SKIP no python3, or no ncurses" true
fi

finish
