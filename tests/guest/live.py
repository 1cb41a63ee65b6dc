# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Look at a guest that runs and counts, and see that it goes on.

live.py HPT DIRECTORY QEMU-COMMAND...

DIRECTORY gets the sockets; the command writes the guest's console to
DIRECTORY/console.  hpt has a monitor of its own, and so have the questions
here.  Prints "ok NAME" or "not NAME: WHY" for each thing that was tried.
"""
import array
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


class Wrong(Exception):
    pass


def expect(truth, what):
    if not truth:
        raise Wrong(what)


class Monitor:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        for _ in range(100):
            try:
                self.socket.connect(path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                time.sleep(0.05)
        self.file = self.socket.makefile("r")
        self.file.readline()
        self.ask("qmp_capabilities")

    def ask(self, what, **arguments):
        request = {"execute": what, "arguments": arguments}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        while True:
            message = self.message()
            if "error" in message:
                raise Wrong("%s: %s" % (what, message["error"]["desc"]))
            if "return" in message:
                return message["return"]

    def message(self):
        line = self.file.readline()
        expect(line, "QEMU is gone")
        return json.loads(line)

    def await_event(self, name):
        while self.message().get("event") != name:
            pass

    def human(self, line, cpu=0):
        text = self.ask("human-monitor-command", **{"command-line": line,
                                                    "cpu-index": cpu})
        return text.replace("\r", "").strip()

    def close(self):
        self.file.close()
        self.socket.close()


class Guest:
    def __init__(self, hpt, directory, command):
        self.hpt, self.directory = hpt, directory
        self.path = os.path.join(directory, "hpt.sock")
        other = os.path.join(directory, "other.sock")
        self.console = os.path.join(directory, "console")
        for path in (self.path, other, self.console):
            if os.path.exists(path):
                os.remove(path)
        form = "unix:%s,server=on,wait=off"
        self.process = subprocess.Popen(
            command + ["-qmp", form % self.path, "-qmp", form % other],
            stdin=subprocess.DEVNULL,
            stderr=open(os.path.join(directory, "qemu.log"), "w"))
        self.monitor = Monitor(other)

    def wait(self):
        """The console's lines, once the guest counts."""
        for _ in range(600):
            with open(self.console) as file:
                lines = [line.split() for line in file.read().splitlines()]
            if lines and lines[-1][:1] == ["done"]:
                break
            time.sleep(0.1)
        else:
            raise Wrong("the guest is not done")
        self.lines = lines
        self.counter = [l[1] for l in lines if l[0] == "counter"][0]
        self.truth = sorted((int(l[1], 16), int(l[2], 16), int(l[3], 16))
                            for l in lines if l[0] == "entry")
        self.found = self.state()

    def count(self):
        text = self.monitor.human("xp /1gx 0x" + self.counter)
        return int(text.split()[1], 16)

    def state(self):
        """What must not change."""
        return (self.monitor.ask("query-migrate-parameters"),
                self.monitor.ask("query-migrate-capabilities"))

    def goes_on(self, seconds=5):
        end = time.time() + seconds
        while True:
            status = self.monitor.ask("query-status")["status"]
            migration = self.monitor.ask("query-migrate").get("status", "")
            first = self.count()
            time.sleep(0.002)
            if (status == "running" and self.count() > first and
                    self.state() == self.found and
                    migration in ("", "completed", "failed", "cancelled")):
                return
            expect(time.time() < end, "it is %s, its migration %s, %s %s"
                   % (status, migration, self.count() > first,
                      self.state() == self.found))
            time.sleep(0.02)

    def stands_still(self):
        first = self.count()
        time.sleep(0.1)
        expect(self.count() == first, "it counts")

    def start(self, *arguments, path=None):
        return subprocess.Popen(
            [self.hpt] + [path or "qmp:" + self.path if a is None else a
                          for a in arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)

    def run(self, *arguments, status=0, path=None):
        process = self.start(*arguments, path=path)
        out, err = process.communicate(timeout=60)
        expect(process.returncode == status,
               "status %d: %s" % (process.returncode, err.decode()))
        return out, err.decode()

    def end(self):
        self.process.kill()
        self.process.wait()


def entries(text):
    found = []
    for line in text.splitlines():
        entry = json.loads(line)
        found.append(tuple(int(entry[k], 16) for k in ("ptex", "v", "r")))
    return sorted(found)


def agree(guest, text):
    found = set(entries(text))
    other = sorted(found ^ set(guest.truth))
    expect(not other, "%d entries, other than it entered: %s"
           % (len(found), " ".join("%x %x %x" % e for e in other[:6])))


def dump(guest, *options):
    out, err = guest.run("dump", "--json", *options, None)
    agree(guest, out)
    expect("stood still for" in err, "not said how long: " + err)
    guest.goes_on()


def dump_running(guest):
    dump(guest)


def dump_paused(guest):
    dump(guest, "--pause")


def ten_in_a_row(guest):
    before = guest.count()
    for i in range(10):
        dump(guest, *(["--pause"] if i % 2 else []))
    expect(guest.count() > before, "it counted on")


def every_command(guest):
    ea = next(l[2] for l in guest.lines if l[0] == "word" and l[1] == "0")
    for arguments in (("info", None), ("stat", None), ("cpus", None),
                      ("who", None, "0x1000"),
                      ("explain", None, "0x" + ea),
                      ("convert", "--to", "qemu", "-f", "-o",
                       os.path.join(guest.directory, "stream"), None),
                     ("diff", os.path.join(guest.directory, "stream"), None)):
        for option in ((), ("--pause",)):
            guest.run(arguments[0], *option, *arguments[1:])
            guest.goes_on()


def translations(guest, cpu):
    """Both of hpt and of QEMU's own gva2gpa, of what the guest named."""
    lines = [l for l in guest.lines
             if l[0] in ("map", "unmapped") and l[1] == str(cpu)]
    eas = sorted({l[2] for l in lines})
    # Some are not mapped: a negative answer.
    out, _ = guest.run("translate", "--json", "--cpu", str(cpu), "--access",
                       "any", None, *("0x" + ea for ea in eas), status=1)
    found = {}
    for line in out.splitlines():
        answer = json.loads(line)
        if answer["outcome"] == "mapped":
            found[int(answer["ea"], 16)] = int(answer["ra"], 16)
    for ea in eas:
        text = guest.monitor.human("gva2gpa 0x" + ea, cpu)
        theirs = int(text[5:], 16) if text.startswith("gpa: ") else None
        ours = found.get(int(ea, 16))
        expect(ours == theirs, "%s: %s, QEMU %s" % (ea, ours, theirs))
    return len(eas), len(found)


def translate(guest):
    for cpu in (0, 1):
        asked, mapped = translations(guest, cpu)
        expect(asked > mapped > 10, "%d of %d" % (mapped, asked))
        guest.goes_on()


def read(guest):
    """Pages that nothing writes any more, against the monitor's memsave."""
    words = [l for l in guest.lines if l[0] == "word"]
    path = os.path.join(guest.directory, "memory")
    for line in words[:: max(1, len(words) // 6)]:
        cpu, ea, word = int(line[1]), int(line[2], 16), int(line[3], 16)
        out, _ = guest.run("read", "--raw", "--cpu", str(cpu), None,
                           hex(ea & ~0xff), "256")
        guest.monitor.human('memsave 0x%x 256 "%s"' % (ea & ~0xff, path), cpu)
        with open(path, "rb") as file:
            expect(out == file.read(), "other bytes at %x" % ea)
        at = ea & 0xff
        expect(int.from_bytes(out[at:at + 8], "big") == word, "word")
    guest.goes_on()


def core(guest):
    """hpt vmcore: the same guest, as it was then."""
    for option in ("--kind", "elf"), ("--pause",):
        path = os.path.join(guest.directory, "core")
        before = guest.count()
        guest.run("vmcore", "-f", *option, "-o", path, None)
        guest.goes_on()
        out, _ = guest.run("dump", "--json", path)
        agree(guest, out)
        out, _ = guest.run("read", "--real", "--raw", path,
                           "0x" + guest.counter, "8")
        count, after = int.from_bytes(out, "big"), guest.count()
        # It may stop at once: then the CPU that does not count had its turn.
        expect(before <= count <= after, "it had counted to %d, from %d to %d"
               % (count, before, after))
        out, _ = guest.run("cpus", "--json", path)
        expect(len(out.splitlines()) == 2, "vCPUs: " + out.decode())
        words = [l for l in guest.lines if l[0] == "word"]
        for line in words[:: max(1, len(words) // 6)]:
            out, _ = guest.run("read", "--raw", "--cpu", line[1], path,
                               "0x" + line[2], "8")
            expect(out.hex() == line[3].rjust(16, "0"), "word at " + line[2])


def open_files(process):
    folder = "/proc/%d/fd" % process.pid
    try:
        return [os.readlink(os.path.join(folder, fd))
                for fd in os.listdir(folder)]
    except FileNotFoundError:       # it has ended
        return []


# What the dynamic loader reads, where a process is caught before it has begun.
LOADED = re.compile(r"^/.*/(ld\.so\.cache|[^/]*\.so[.0-9]*)$")


def nothing_on_disk(guest):
    """Caught in the middle, hpt has no file open."""
    caught = 0
    for delay in range(1, 60):
        process = guest.start("read", "--raw", None, "0xc000000000000000",
                              "64")
        time.sleep(delay * 0.005)
        process.send_signal(signal.SIGSTOP)
        names = open_files(process)
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=30)
        expect(process.returncode == 0, "it failed")
        caught += any(name.startswith("/memfd:") for name in names)
        for name in names:
            expect(name.startswith(("/memfd:", "socket:", "pipe:", "/dev/"))
                   or LOADED.search(name), "it has open " + name)
        if caught >= 3:
            break
    expect(caught, "never seen in the middle")
    guest.goes_on()


def killed(guest, sign, *options):
    """With its whole process group, as by Ctrl-C, at many moments."""
    early = 0
    for command in (("dump", *options, None),
                    ("read", *options, None, "0xc000000000000000", "64")):
        begun = time.time()
        guest.run(*command)
        took = time.time() - begun
        for i in range(6):
            process = guest.start(*command)
            time.sleep(took * (i + 0.5) / 6)
            os.killpg(process.pid, sign)
            process.stdout.close()
            process.stderr.close()
            early += process.wait(30) != 0
            guest.goes_on()
    expect(early > 4, "most looks were done before")


class Proxy:
    """Passes a monitor on, descriptors too, and drops the connection when the
    n-th command comes, before or after passing that on."""

    def __init__(self, path, to, nth, after):
        self.to, self.nth, self.after, self.dropped = to, nth, after, False
        if os.path.exists(path):
            os.remove(path)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(path)
        self.server.listen(1)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            qemu = socket.socket(socket.AF_UNIX)
            try:
                qemu.connect(self.to)
            except OSError:         # QEMU is gone, which others say
                client.close()
                continue
            back = threading.Thread(target=self.answers, args=(qemu, client),
                                    daemon=True)
            back.start()
            self.client = client
            self.commands(client, qemu)
            for end in (client, qemu):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            back.join()
            client.close()
            qemu.close()

    def commands(self, client, qemu):
        seen = 0
        while True:
            try:
                data, fds, _, _ = socket.recv_fds(client, 65536, 4)
            except OSError:
                return
            if not data:
                return
            seen += data.count(b'"execute"')
            drop = not self.dropped and seen >= self.nth
            self.dropped = self.dropped or drop
            if drop:                # no answer comes first
                client.shutdown(socket.SHUT_RDWR)
            fds = self.hand_on(fds)
            if not drop or self.after:
                ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                              array.array("i", fds))] if fds else []
                try:
                    qemu.sendmsg([data], ancillary)
                except OSError:
                    return
            for fd in fds:
                os.close(fd)
            if drop:
                return

    def hand_on(self, fds):
        return fds

    @staticmethod
    def answers(qemu, client):
        try:
            while True:
                data = qemu.recv(65536)
                if not data:
                    break
                client.sendall(data)
        except OSError:
            pass
        try:
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


class SlowProxy(Proxy):
    """QEMU gets a stream of ours instead of hpt's, which is passed on slowly,
    then, held, not at all, and once let go as fast as it comes."""

    def __init__(self, path, to):
        self.held, self.let_go = threading.Event(), threading.Event()
        super().__init__(path, to, float("inf"), False)

    def hand_on(self, fds):
        if not fds:
            return fds
        ours, theirs = socket.socketpair()
        threading.Thread(target=self.pass_on, daemon=True,
                         args=(ours, socket.socket(fileno=fds[0]))).start()
        return [theirs.detach()]

    def pass_on(self, ours, sink):
        with ours, sink:
            try:
                while data := ours.recv(4096):
                    sink.sendall(data)
                    if self.held.is_set():
                        self.let_go.wait(60)
                    elif not self.let_go.is_set():
                        time.sleep(0.02)
            except OSError:
                pass

    def drop(self):
        self.client.shutdown(socket.SHUT_RDWR)      # QEMU's end follows

    def close(self):
        self.let_go.set()
        super().close()


def last_part(guest, act):
    """While QEMU holds still and sends, with the table to come.  Let it stand
    still for long, and it begins its last part early."""
    path = os.path.join(guest.directory, "proxy.sock")
    limit = guest.found[0]["downtime-limit"]
    guest.monitor.ask("migrate-set-parameters",
                      **{"downtime-limit": 2000000})
    proxy = SlowProxy(path, guest.path)
    try:
        process = guest.start("dump", None, path="qmp:" + path)
        guest.monitor.await_event("STOP")
        proxy.held.set()
        act(proxy, process)
        time.sleep(0.2)
        proxy.let_go.set()
        out, _ = process.communicate(timeout=60)
        expect(process.returncode and not out, "it went well")
        guest.monitor.await_event("RESUME")
    finally:
        proxy.close()
        guest.monitor.ask("migrate-set-parameters",
                          **{"downtime-limit": limit})
    guest.goes_on()


def killed_in_last_part(guest, sign):
    last_part(guest, lambda _, process: os.killpg(process.pid, sign))


def dropped_in_last_part(guest):
    last_part(guest, lambda proxy, _: proxy.drop())


def dropped(guest, moments, *options):
    path = os.path.join(guest.directory, "proxy.sock")
    drops = 0
    for nth in range(1, 25):
        for after in moments:
            proxy = Proxy(path, guest.path, nth, after)
            process = guest.start("dump", "--json", *options, None,
                                  path="qmp:" + path)
            out, err = process.communicate(timeout=60)
            proxy.close()
            if proxy.dropped:
                drops += 1
                expect(process.returncode == 2 and not out,
                       "%d: status %d" % (nth, process.returncode))
                expect(b"STAND STILL" not in err, err.decode())
            else:
                agree(guest, out)
            guest.goes_on()
        if not proxy.dropped:
            break
    expect(drops > 10 * len(moments), "only %d drops" % drops)


def dropped_running(guest):
    dropped(guest, (False, True))


def dropped_paused(guest):
    dropped(guest, (True,), "--pause")


def stopped_process(guest):
    """hpt itself is held up (Ctrl-Z): its second process ends it."""
    process = None
    for delay in range(3, 60):
        process = guest.start("read", "--pause", "--timeout", "1", None,
                              "0xc000000000000000", "64")
        time.sleep(delay * 0.005)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.02)
        if process.poll() is None:
            begun = time.time()
            try:
                if guest.monitor.ask("query-status")["status"] != "running":
                    break
            except (Wrong, OSError):
                break
            if time.time() - begun > 1:
                break
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=30)
    process.communicate(timeout=30)
    expect(process.returncode == -signal.SIGKILL, "hpt was not ended")
    guest.goes_on(15)


def paused_before(guest):
    guest.monitor.ask("stop")
    first = guest.count()
    out, err = guest.run("dump", "--json", None)
    agree(guest, out)
    expect('was "paused" and stays still' in err, err)
    expect(guest.count() == first, "it ran")
    status = guest.monitor.ask("query-status")["status"]
    expect(status == "postmigrate", "its state is " + status)
    expect(guest.state() == guest.found, "its parameters are others")
    _, err = guest.run("dump", None, status=2)
    expect('"postmigrate"' in err and "cont" in err, err)
    guest.stands_still()
    guest.monitor.ask("cont")
    guest.goes_on()


def paused_and_killed(guest):
    """A guest that was paused is not let run by hpt's second process."""
    for sign in SIGNALS:
        guest.monitor.ask("stop")
        process = guest.start("read", None, "0xc000000000000000", "64")
        time.sleep(0.1)
        process.send_signal(sign)
        process.communicate(timeout=30)
        guest.stands_still()
        guest.monitor.ask("cont")
        guest.goes_on()


def monitor_in_use(guest):
    other = Monitor(guest.path)
    _, err = guest.run("dump", "--timeout", "1", None, status=2)
    other.close()
    expect("in use by another program" in err, err)
    guest.goes_on()


def migration_under_way(guest):
    """To a pipe that nobody reads."""
    guest.monitor.ask("migrate", uri="exec:sleep 2")
    _, err = guest.run("dump", None, status=2)
    expect("under way" in err, err)
    status = guest.monitor.ask("query-migrate")["status"]
    expect(status in ("active", "setup", "device"), "it was disturbed: "
           + status)
    guest.monitor.ask("migrate_cancel")
    guest.goes_on(10)


def unfit_capability(guest):
    def turn(state):
        guest.monitor.ask("migrate-set-capabilities", capabilities=[
            {"capability": "multifd", "state": state}])

    turn(True)
    _, err = guest.run("dump", None, status=2)
    turn(False)
    expect('"multifd" is on' in err, err)
    guest.goes_on()


class Debugger:
    """hpt gdbserver on the guest, and a connection to it."""

    def __init__(self, guest, *options):
        self.guest = guest
        self.path = os.path.join(guest.directory, "gdb.sock")
        self.process = guest.start("gdbserver", "--listen",
                                   "unix:" + self.path, *options, None)

    def connect(self):
        """Answered once, so that the guest is held."""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        for _ in range(200):
            try:
                self.socket.connect(self.path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                time.sleep(0.05)
        self.buffer = b""
        self.ask(b"QStartNoAckMode")
        expect(self.ask(b"qC") == b"QC1", "no thread")
        status = self.guest.monitor.ask("query-status")["status"]
        expect(status != "running", "it runs")
        self.guest.stands_still()

    def ask(self, payload):
        self.socket.sendall(b"$%s#%02x" % (payload, sum(payload) & 255))
        return self.answer()

    def answer(self):
        """A packet; acknowledgements and notifications are skipped."""
        while True:
            begin = self.buffer.find(b"$")
            end = self.buffer.find(b"#", begin)
            if begin >= 0 and 0 <= end < len(self.buffer) - 2:
                answer = self.buffer[begin + 1:end]
                self.buffer = self.buffer[end + 3:]
                return answer
            data = self.socket.recv(65536)
            expect(data, "hpt hung up")
            self.buffer += data

    def counter(self):
        """What the guest counts, as the monitor has it at this moment."""
        line = "real 0x%s 8" % self.guest.counter
        answer = self.ask(b"qRcmd," + line.encode().hex().encode())
        text = bytes.fromhex(answer[1:].decode()).decode()
        expect(self.answer() == b"OK", "no OK")
        return int("".join(text.split("|")[0].split()[1:]), 16)

    def end(self, status=0):
        _, err = self.process.communicate(timeout=60)
        expect(self.process.returncode == status, "status %d: %s"
               % (self.process.returncode, err.decode()))
        return err.decode()


def debugger(guest):
    """Each look is at a new moment; between them the guest runs."""
    one = Debugger(guest)
    last = 0
    for leave in (b"D;1", None, b"D;1"):
        guest.goes_on()
        one.connect()
        count = one.counter()
        expect(count == guest.count() and count > last,
               "%d, the guest has %d" % (count, guest.count()))
        last = count
        if leave:
            expect(one.ask(leave) == b"OK", "not let go")
        one.socket.close()
        guest.goes_on()
    one.process.terminate()
    one.end()
    guest.goes_on()


def debugger_ends(guest):
    """While one is there: a signal, kill, or the debugger goes away."""
    for sign in SIGNALS:
        one = Debugger(guest)
        one.connect()
        os.killpg(one.process.pid, sign)
        one.end(-sign if sign == signal.SIGKILL else 0)
        guest.goes_on()
        one.socket.close()
    for last in (b"k", b"vKill;1", None):
        one = Debugger(guest, "--once", "--pause")
        one.connect()
        if last:
            one.socket.sendall(b"$%s#%02x" % (last, sum(last) & 255))
        else:
            one.socket.close()
        one.end()
        guest.goes_on()


def debugger_waits(guest):
    """For longer than hpt's second process stands silence; then hpt itself is
    held up."""
    one = Debugger(guest, "--timeout", "1")
    one.connect()
    time.sleep(6)
    guest.stands_still()
    one.process.send_signal(signal.SIGSTOP)
    one.end(-signal.SIGKILL)
    guest.goes_on(15)


def debugger_of_paused(guest):
    guest.monitor.ask("stop")
    one = Debugger(guest, "--once")
    one.connect()
    one.ask(b"D")
    expect('was "paused" and stays still' in one.end(), "not said")
    guest.stands_still()
    guest.monitor.ask("cont")
    guest.goes_on()


def main():
    hpt, directory, command = os.path.realpath(sys.argv[1]), sys.argv[2], \
        sys.argv[3:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    guest = Guest(hpt, directory, command)
    tests = [(test.__name__, test, ()) for test in (
        dump_running, dump_paused, ten_in_a_row, every_command, core,
        nothing_on_disk, dropped_running, dropped_paused, stopped_process,
        paused_before, paused_and_killed, monitor_in_use,
        migration_under_way, unfit_capability, dropped_in_last_part, debugger,
        debugger_ends, debugger_waits, debugger_of_paused)]
    for sign in SIGNALS:
        tests.append(("killed by " + sign.name, killed, (sign,)))
        tests.append(("paused, then killed by " + sign.name, killed,
                      (sign, "--pause")))
        tests.append(("killed in the last part by " + sign.name,
                      killed_in_last_part, (sign,)))
    # Last, for a monitor that is asked for an address sets R bits.
    tests += [("translate", translate, ()), ("read", read, ())]
    try:
        guest.wait()
        for name, test, arguments in tests:
            begun = time.time()
            try:
                test(guest, *arguments)
                print("ok %s (%.1f s)" % (name.replace("_", " "),
                                          time.time() - begun), flush=True)
            except (Wrong, subprocess.TimeoutExpired, OSError) as why:
                print("not %s: %s" % (name.replace("_", " "),
                                      " ".join(str(why).split())), flush=True)
    finally:
        guest.end()


main()
