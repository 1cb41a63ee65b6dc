# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""hpt and a monitor that fails: in each answer, in each way.

qmp.py HPT TEST-DATA

Each test has a server that does as QEMU does, but for one fault, once.
Whatever it is, in the end the guest runs as before, with the parameters that
it had; and hpt answers rightly or names what failed.  Prints TAP.
"""
import concurrent.futures
import json
import lzma
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

PARAMETERS = {"max-bandwidth": 134217728, "downtime-limit": 300}
MOST_DOWNTIME = 2000000

# In the order in which they are met; "stop" with --pause only.
STEPS = ("greeting", "qmp_capabilities", "query-status", "query-migrate",
         "query-migrate-capabilities", "query-kvm", "query-migrate-parameters",
         "getfd", "stop", "migrate-set-parameters", "migrate", "cont",
         "closefd")
FAULTS = {                       # what hpt says of it
    "error": "QEMU says: no, says the server",
    "drop": "QEMU ended the conversation",
    "silent": "within 2000 ms",
    "garbage": "this is not QMP: byte 0x40",
    "half": "QEMU ended the conversation",
    "nested": "nested deeper than 32",
    "huge": "a message of more than 1048576 bytes",
    "chatty": "within 2000 ms",
    "neither": 'neither "return" nor "error"',
    "wrong": "a message that is no JSON",
    "nul": "a message that is no JSON",
}


class Server:
    def __init__(self, path, stream, fault="none", state="running",
                 capabilities=(), tls="", migration="", passes=1,
                 blocked=None, kvm=True):
        self.broken, self.kvm = False, kvm
        self.stream, self.state, self.passes = stream, state, passes
        self.blocked = blocked
        self.fault, _, self.at = fault.partition("@")
        self.capabilities, self.tls = capabilities, tls
        self.migration, self.why = migration, None
        self.parameters = dict(PARAMETERS)
        self.seen, self.fds, self.sending = [], [], None
        self.lock = threading.Lock()
        self.was_running = False
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                self.client, _ = self.listener.accept()
            except OSError:
                return
            try:
                self.talk()
            except (OSError, ValueError, StopIteration):
                pass
            self.client.close()

    def end(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    # One connection.

    def talk(self):
        self.answer("greeting", {"QMP": {"version": {}, "capabilities": []}})
        buffer = b""
        while True:
            data, fds, _, _ = socket.recv_fds(self.client, 65536, 4)
            if not data:
                return
            self.fds += fds
            buffer = (buffer + data).lstrip(b"\xff")
            while buffer:
                try:
                    request, used = json.JSONDecoder().raw_decode(
                        buffer.decode())
                except ValueError:
                    break
                buffer = buffer[used:]
                self.command(request)

    def command(self, request):
        name = request["execute"]
        self.seen.append(name)
        if self.fault == "error" and self.at == name:
            result = {"error": {"class": "GenericError",
                                "desc": "no, says the server"}}
            self.fault = "none"
        else:
            method = getattr(self, name.replace("-", "_"))
            try:
                result = {"return": method(**request.get("arguments", {}))}
            except ValueError as why:
                result = {"error": {"class": "GenericError",
                                    "desc": str(why)}}
        result["id"] = request["id"]
        self.answer(name, result)

    def answer(self, name, message):
        fault = self.fault
        if self.at == name and fault in FAULTS:
            self.fault = "none"
            getattr(self, "do_" + fault)(message)
        indent = 4 if fault == "pretty" else None
        if fault == "events" and name != "greeting":
            for i in range(300):
                self.event("BALLOON_CHANGE", {"actual": i, "text": '}"\\{['})
        self.send(json.dumps(message, indent=indent) + "\r\n")

    def event(self, name, data):
        self.send(json.dumps({
            "event": name, "data": data,
            "timestamp": {"seconds": 1700000000, "microseconds": 7}}) + "\r\n")

    def send(self, text):
        self.client.sendall(text.encode())

    # The faults. Those that do not stop here are followed by the answer.

    def do_drop(self, message):
        raise StopIteration

    def do_half(self, message):
        text = json.dumps(message)
        self.send(text[:len(text) // 2])
        raise StopIteration

    def do_silent(self, message):
        while self.client.recv(4096):
            pass
        raise StopIteration

    def do_garbage(self, message):
        self.send("@@@@ 220 mail.example ESMTP\r\n")

    def do_nested(self, message):
        self.send('{"return": ' + "[" * 200000)

    def do_huge(self, message):
        self.send('{"return": "')
        while True:
            self.send("x" * 65536)

    def do_chatty(self, message):
        while True:
            self.event("RTC_CHANGE", {"offset": 1})
            time.sleep(0.001)

    def do_neither(self, message):
        self.send(json.dumps({"id": message.get("id", 0), "x": 1}))

    def do_wrong(self, message):
        self.send('{"return": {"a": 1, "a": 2, nothing}}')

    def do_nul(self, message):
        self.send('{"return": {"a\0b": 1}}')

    # What QEMU does.

    def qmp_capabilities(self):
        return {}

    def query_status(self):
        return {"status": self.state, "running": self.state == "running"}

    def query_migrate(self):
        with self.lock:
            result = {"status": self.migration} if self.migration else {}
            if self.why:
                result["error-desc"] = self.why
            if self.blocked:
                result["blocked-reasons"] = [self.blocked, "and more"]
            if self.migration == "active":
                result["ram"] = {"dirty-sync-count": self.passes}
            return result

    def query_migrate_capabilities(self):
        return [{"capability": "xbzrle", "state": True}] + [
            {"capability": c, "state": True} for c in self.capabilities]

    def query_kvm(self):
        return {"enabled": self.kvm, "present": True}

    def query_migrate_parameters(self):
        return dict(self.parameters, **{"tls-creds": self.tls})

    def migrate_set_parameters(self, **values):
        self.parameters.update(values)
        return {}

    def stop(self):
        self.state = "paused"
        self.event("STOP", {})
        return {}

    def cont(self):
        if self.state == "finish-migrate":
            raise ValueError("Migration is not finalized yet")
        self.state = "running"
        self.event("RESUME", {})
        return {}

    def getfd(self, fdname):
        self.handed = self.fds.pop()
        return {}

    def closefd(self, fdname):
        raise ValueError("File descriptor named '%s' not found" % fdname)

    def migrate(self, uri):
        self.migration, self.was_running = "active", self.state == "running"
        threading.Thread(target=self.send_state, args=(self.handed,),
                         daemon=True).start()
        return {}

    def migrate_cancel(self):
        with self.lock:
            if self.migration == "active":
                self.migration = "cancelling"
        return {}

    def send_state(self, fd):
        out = socket.socket(fileno=fd)
        stream, failed = self.stream, False
        if self.fault in ("fails", "short", "stall"):
            stream = stream[:len(stream) // 3]
        elif self.fault == "noise":
            stream = b"\x89PNG" * 999999
        try:
            out.sendall(stream)
            while (self.fault == "stall" or
                   (self.passes > 8 and
                    self.parameters["downtime-limit"] < MOST_DOWNTIME)):
                time.sleep(0.01)
                if self.migration != "active":
                    break
        except OSError:
            failed = self.broken = True
        self.finish(failed, out)

    def finish(self, failed, out):
        self.state = "finish-migrate"
        out.close()
        time.sleep(0.05)
        with self.lock:
            if self.migration == "cancelling":
                self.migration = "cancelled"
            elif self.fault == "fails" or failed:
                self.migration, self.why = "failed", "the host is on fire"
            else:
                self.migration = "completed"
            # As QEMU 7.2 does, but for letting it run after a failure.
            self.state = "postmigrate"


class Test:
    """A server, hpt against it, and what came of it."""
    count = 0

    def __init__(self, tools, fault="none", options=(), **rest):
        hpt, self.directory, stream, self.truth = tools
        Test.count += 1
        path = os.path.join(self.directory, "%d" % Test.count)
        self.server = Server(path, stream, fault, **rest)
        process = subprocess.run(
            [hpt, "dump", "--json", "--timeout", "2", *options, "qmp:" + path],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=60)
        self.status = process.returncode
        self.err = process.stderr.decode()
        self.entries = [
            tuple(int(entry[k], 16) for k in ("ptex", "v", "r"))
            for entry in map(json.loads, process.stdout.splitlines())]
        self.server.end()

    def answered(self):
        return self.status == 0 and self.entries == self.truth

    def refused(self, *texts):
        return (self.status == 2 and not self.entries and
                self.err.startswith("hpt: qmp:") and
                all(text in self.err for text in texts))

    def right(self, state="running"):
        """The guest is as it was."""
        return (self.server.state == state and
                self.server.parameters == PARAMETERS and
                self.server.migration in ("", "completed", "failed",
                                          "cancelled") and
                "STAND STILL" not in self.err)

    def untouched(self):
        return not {"stop", "migrate", "cont", "getfd",
                    "migrate-set-parameters"} & set(self.server.seen)


def fault_at(tools, fault, step):
    """QEMU refuses "cont" now and then, and a "closefd" too many."""
    test = Test(tools, "%s@%s" % (fault, step),
                ["--pause"] if step == "stop" else [])
    if fault in ("neither", "chatty") and step == "greeting":
        good = test.refused("the first message is no greeting")
    elif fault == "error" and step in ("query-kvm", "cont", "closefd"):
        good = test.answered()
    else:
        name = "" if step == "greeting" else step + ": "
        good = test.refused(name, FAULTS[fault])
    if STEPS.index(step) < STEPS.index("getfd") and fault != "error":
        good = good and test.untouched()
    return good and test.right(), test


def stream_test(tools, fault, text, kvm, *options, passes=1):
    """Without KVM, a migration must neither be cancelled as long as it comes,
    nor what it writes to be closed."""
    test = Test(tools, fault, options, kvm=kvm, passes=passes)
    cancelled = "migrate_cancel" in test.server.seen
    return (test.refused(text) and test.right() and not test.server.broken and
            (kvm or cancelled == (fault == "stall"))), test


def stream_never_ready(tools):
    """Read to its end, which comes when the guest may stand still for it."""
    good, test = stream_test(tools, "noise", "QEVM", False, passes=9)
    return (good and
            test.server.seen.count("migrate-set-parameters") == 3), test


def good_test(tools, fault, *options, **rest):
    test = Test(tools, fault, options, **rest)
    return test.answered() and test.right(), test


def never_ready(tools):
    test = Test(tools, passes=9)
    return (test.answered() and test.right() and
            test.server.seen.count("migrate-set-parameters") == 3), test


def still_one(tools, state):
    test = Test(tools, state=state)
    return (test.answered() and test.right("postmigrate") and
            '"%s" and stays still' % state in test.err and
            "cont" not in test.server.seen), test


def refused_state(tools, state):
    test = Test(tools, state=state)
    return (test.refused('"%s"' % state) and test.right(state) and
            test.untouched()), test


def refused_other(tools, text, **rest):
    test = Test(tools, **rest)
    return (test.refused(text) and test.untouched() and
            test.server.state == "running"), test


def command_line(tools, text, *arguments):
    process = subprocess.run([tools[0]] + list(arguments), timeout=60,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    return (process.returncode == 2 and not process.stdout and
            text in process.stderr.decode()), process


def make_list():
    tests = []
    for step in STEPS:
        for fault in FAULTS:
            if (fault, step) != ("error", "greeting"):
                tests.append(("%s at %s" % (fault, step), fault_at,
                              (fault, step)))
    for options in ((), ("--pause",)):
        more = " ".join(options)
        for fault in ("none", "pretty", "events"):
            tests.append(("%s %s" % (fault, more), good_test,
                          (fault,) + options))
        for fault, text in (
                ("fails", "migrate: QEMU says: failed: the host is on fire"),
                ("short", "ends "), ("noise", "QEVM"),
                ("stall", "no byte of the migration's stream within 2000 ms")):
            for kvm in (False, True):
                tests.append(("stream: %s, %s KVM %s" % (
                    fault, "with" if kvm else "without", more), stream_test,
                    (fault, text, kvm) + options))
    tests.append(("never ready by itself", never_ready, ()))
    tests.append(("stream: noise, without KVM, never ready by itself",
                  stream_never_ready, ()))
    for state in ("paused", "prelaunch", "guest-panicked"):
        tests.append(("a guest that is " + state, still_one, (state,)))
    for state in ("inmigrate", "postmigrate", "suspended", "finish-migrate",
                  "save-vm", "", "of-2040"):
        tests.append(("a guest in state '%s'" % state, refused_state,
                      (state,)))
    return tests


def make_others():
    """What is refused before the guest is touched."""
    def other(text, **rest):
        return lambda tools: refused_other(tools, text, **rest)

    tests = [("capability " + name, other('"%s" is on' % name,
                                          capabilities=[name]), ())
             for name in ("multifd", "return-path", "postcopy-ram",
                          "pause-before-switchover", "mapped-ram")]
    tests += [("migration " + name, other("under way", migration=name), ())
              for name in ("active", "setup", "postcopy-paused", "device")]
    tests.append(("blocked", other("not looked at: a device", blocked="a device"),
                  ()))
    tests.append(("encrypted", other('"tls-creds"', tls="x"), ()))
    for text, arguments in (
            ("the path of a socket", ("info", "qmp:")),
            ("the path of a socket", ("info", "qmp:" + 200 * "x")),
            ("cannot connect", ("dump", "qmp:/nobody/here")),
            ("cannot connect", ("dump", "qmp:/dev/null")),
            ("--then belongs", ("dump", "--then", "x", "qmp:x")),
            ("of kind qemu, not image", ("dump", "--kind", "image", "qmp:x")),
            ("of kind qemu, not ram", ("dump", "--kind", "ram", "--sdr1", "0",
                                       "qmp:x")),
            ("--pause and --timeout belong", ("info", "--pause", "x")),
            ("--pause and --timeout belong", ("info", "--timeout", "1", "x")),
            ("1 to 3600", ("info", "--timeout", "0", "qmp:x")),
            ("1 to 3600", ("info", "--timeout", "x", "qmp:x"))):
        tests.append((" ".join(arguments)[:40], command_line,
                      (text,) + arguments))
    return tests


def load(data, name):
    path = os.path.join(data, "guest", name)
    if os.path.exists(path):
        with open(path, "rb") as file:
            return file.read()
    with lzma.open(path + ".xz") as file:
        return file.read()


def verdict(test, tools):
    name, function, arguments = test
    try:
        good, found = function(tools, *arguments)
    except Exception as why:             # a broken test fails
        return name, False, repr(why)
    if isinstance(found, Test):
        server = found.server
        return name, good, "status %d, %d entries, %s, %s, %s\n%s%s" % (
            found.status, len(found.entries), server.state, server.migration,
            server.parameters, found.err, server.seen)
    return name, good, str(found)


def main():
    hpt, data = sys.argv[1], sys.argv[2]
    truth = sorted(tuple(int(word, 16) for word in line.split())
                   for line in load(data, "guest.truth").decode().splitlines())
    tests = make_list() + make_others()
    with tempfile.TemporaryDirectory() as directory, \
            concurrent.futures.ThreadPoolExecutor(16) as pool:
        tools = (hpt, directory, load(data, "guest.mig"), truth)
        for i, (name, good, found) in enumerate(
                pool.map(lambda test: verdict(test, tools), tests)):
            print("%s %d - %s" % ("ok" if good else "not ok", i + 1, name),
                  flush=True)
            if not good:
                print("# " + found.replace("\n", "\n# "))
    print("1..%d" % len(tests))


main()
