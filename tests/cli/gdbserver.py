# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A debugger that is a script, against hpt gdbserver and the guest in tests/data.

gdbserver.py HPT TEST-DATA

What registers and memory hold is told by QEMU's monitor and by the guest
itself (guest.regs, guest.console, guest.oracle), what commands of the monitor
print by hpt's own subcommands.  Prints TAP.
"""
import lzma
import os
import random
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

SECONDS = 60
SAVED = b"hpt: still stopped, this guest is saved\n"


class Wrong(Exception):
    pass


def expect(found, expected, what=""):
    if found != expected:
        raise Wrong("%s: %.300r, expected %.300r" % (what, found, expected))


def true(truth, what):
    if not truth:
        raise Wrong(what)


def sum_of(payload):
    return b"%02x" % (sum(payload) & 255)


def unescape(payload):
    return re.sub(rb"\}(.)", lambda m: bytes([m[1][0] ^ 0x20]), payload,
                  flags=re.S)


class Line:
    """The wire: a socket, or the pipes of a process."""

    def __init__(self, sock=None, process=None):
        self.sock, self.process, self.buffer = sock, process, b""
        self.notified = 0

    def write(self, data):
        if self.sock:
            self.sock.sendall(data)
        else:
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def read(self):
        if self.sock:
            data = self.sock.recv(65536)
        else:
            data = os.read(self.process.stdout.fileno(), 65536)
        if not data:
            raise EOFError("the server hung up")
        self.buffer += data

    def byte(self):
        while not self.buffer:
            self.read()
        first, self.buffer = self.buffer[:1], self.buffer[1:]
        return first

    def first(self):
        """A byte, behind notifications."""
        while True:
            byte = self.byte()
            if byte != b"%":
                return byte
            expect(self.until(b"#"), b"hpt:opening", "notification")
            expect(self.byte() + self.byte(), sum_of(b"hpt:opening"), "sum")
            self.notified += 1

    def until(self, what):
        while what not in self.buffer:
            self.read()
        found, self.buffer = self.buffer.split(what, 1)
        return found

    def close(self):
        if self.sock:
            self.sock.close()
        else:
            self.process.stdin.close()


class Gdb:
    def __init__(self, line, features="multiprocess+", no_ack=False):
        self.line, self.no_ack = line, False
        self.supported = self.ask("qSupported:" + features).decode()
        if no_ack:
            expect(self.ask("QStartNoAckMode"), b"OK", "QStartNoAckMode")
            self.no_ack = True

    def send(self, payload):
        if isinstance(payload, str):
            payload = payload.encode()
        self.line.write(b"$" + payload + b"#" + sum_of(payload))
        if not self.no_ack:
            expect(self.line.first(), b"+", "acknowledged")

    def get(self):
        """A packet's payload, escapes as they are."""
        expect(self.line.first(), b"$", "a packet")
        payload = self.line.until(b"#")
        expect(self.line.byte() + self.line.byte(), sum_of(payload), "sum")
        if not self.no_ack:
            self.line.write(b"+")
        return payload

    def ask(self, payload):
        self.send(payload)
        return self.get()

    def xfer(self, what, size=0x1000):
        text = b""
        while True:
            part = self.ask("qXfer:%s:%x,%x" % (what, len(text), size))
            true(part[:1] in b"ml", "qXfer %s: %r" % (what, part))
            text += unescape(part[1:])
            if part[:1] == b"l":
                return text

    def console(self, payload):
        """What comes before the answer, and the answer."""
        self.send(payload)
        text = b""
        while True:
            part = self.get()
            if part[:1] != b"O" or part == b"OK":
                return text, part
            text += bytes.fromhex(part[1:].decode())

    def monitor(self, line):
        text, answer = self.console(b"qRcmd," + line.encode().hex().encode())
        expect(answer, b"OK", "monitor " + line)
        return text.decode()

    def memory(self, ea, length):
        answer = self.ask("m%x,%x" % (ea, length)).decode()
        if answer.startswith("E"):
            return answer
        return bytes.fromhex(answer)


class Server:
    """hpt gdbserver, by its pipes or at a socket."""

    def __init__(self, test, source, *options, listen="stdio"):
        self.listen, self.clients = listen, []
        self.errors = tempfile.NamedTemporaryFile("w+", dir=test.directory)
        self.process = subprocess.Popen(
            [test.hpt, "gdbserver", "--listen", listen, *options, source],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)

    def said(self):
        self.errors.flush()
        with open(self.errors.name) as file:
            return file.read()

    def place(self, times=1):
        """Where it says that it waits."""
        for _ in range(SECONDS * 50):
            places = re.findall("waiting for gdb: target remote (.*)\n",
                                self.said())
            if len(places) >= times:
                return places[-1]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise Wrong("it does not wait: " + self.said())

    def connect(self, times=1):
        place = self.place(times)
        if self.listen.startswith("unix:"):
            sock = socket.socket(socket.AF_UNIX)
        else:
            host, port = place.rsplit(":", 1)
            family = socket.AF_INET6 if "[" in host else socket.AF_INET
            sock, place = socket.socket(family), (host.strip("[]"), int(port))
        sock.settimeout(SECONDS)
        sock.connect(place)
        self.clients.append(sock)
        return Line(sock=sock)

    def line(self):
        if self.listen == "stdio":
            return Line(process=self.process)
        return self.connect()

    def ended(self, status=0):
        expect(self.process.wait(SECONDS), status, "status; " + self.said())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in self.clients:
            sock.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for file in (self.process.stdin, self.process.stdout, self.errors):
            try:
                file.close()
            except BrokenPipeError:
                pass


class Truth:
    """What QEMU's monitor and the guest said."""

    def __init__(self, data):
        self.registers = []
        for part in load(data, "guest/guest.regs").split("# cpu ")[1:]:
            values = {"gpr": [], "fpr": []}
            for name, words in re.findall(r"^(GPR|FPR)\d+ ([0-9a-f ]+)$", part,
                                          re.M):
                values[name.lower()] += [int(w, 16) for w in words.split()]
            for name, value in re.findall(r"([A-Z]+\d?) +([0-9a-f]{8,16})\b",
                                          part):
                values.setdefault(name.lower(), int(value, 16))
            self.registers.append(values)
        lines = [line.split() for line in
                 load(data, "guest/guest.console").splitlines()]
        self.words = [(int(l[1]), int(l[2], 16), int(l[3], 16)) for l in lines
                      if l[:1] == ["word"]]
        self.oracle = []
        for line in load(data, "guest/guest.oracle").splitlines():
            cpu, ea, gpa = line.split()
            self.oracle.append((int(cpu), int(ea, 16),
                                None if gpa == "unmapped" else int(gpa, 16)))


def load(data, name):
    path = os.path.join(data, name)
    if os.path.exists(path):
        with open(path) as file:
            return file.read()
    with lzma.open(path + ".xz", "rt") as file:
        return file.read()


def plain(directory, data, name):
    """The path of a file, not compressed."""
    path = os.path.join(data, name)
    if os.path.exists(path):
        return path
    made = os.path.join(directory, name.replace("/", "-"))
    with lzma.open(path + ".xz") as source, open(made, "wb") as to:
        to.write(source.read())
    return made


def layout(gdb):
    """{name: (number, bits, feature)} by the target description."""
    root = ET.fromstring(gdb.xfer("features:read:target.xml"))
    expect(root.find("architecture").text, "powerpc:common64", "architecture")
    found = {}
    for feature in root.findall("feature"):
        for reg in feature.findall("reg"):
            true(reg.get("name") not in found, "twice: " + reg.get("name"))
            found[reg.get("name")] = (int(reg.get("regnum")),
                                      int(reg.get("bitsize")),
                                      feature.get("name"))
    return found


def all_registers(gdb, order):
    """g, taken apart by the description; the others by p."""
    regs, data = layout(gdb), bytes.fromhex(gdb.ask("g").decode())
    values, at = {}, 0
    for name, (number, bits, _) in sorted(regs.items(), key=lambda r: r[1]):
        if at < len(data):
            raw = data[at:at + bits // 8]
            at += bits // 8
            expect(bytes.fromhex(gdb.ask("p%x" % number).decode()), raw, name)
        else:
            raw = bytes.fromhex(gdb.ask("p%x" % number).decode())
            expect(len(raw), bits // 8, name)
        values[name] = int.from_bytes(raw, order)
    expect(at, len(data), "length of g")
    return values


class Tests:
    def __init__(self, hpt, data, directory):
        self.hpt, self.directory = hpt, directory
        self.guest = plain(directory, data, "guest/guest.mig")
        self.radix = plain(directory, data, "radix/guest.mig")
        self.truth = Truth(data)

    def hpt_says(self, *arguments):
        done = subprocess.run([self.hpt, *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, timeout=SECONDS)
        return done.stdout.decode()

    def registers_file(self):
        """Of a vCPU that translates."""
        path = os.path.join(self.directory, "registers")
        with open(path, "w") as file:
            file.write("NIP 0000000000001234   LR 0000000000000000 CTR 0000000"
                       "000000000 XER 0000000000000000 CPU#0\nMSR 800000000000"
                       "1032 HID0 0000000000000000\n")
        return path

    def registers(self, order, *options):
        with Server(self, self.guest, *options) as server:
            gdb = Gdb(server.line())
            for cpu, truth in enumerate(self.truth.registers):
                expect(gdb.ask("Hgp1.%x" % (cpu + 1)), b"OK", "H")
                found = all_registers(gdb, order)
                for i in range(32):
                    expect(found["r%d" % i], truth["gpr"][i], "r%d" % i)
                    expect(found["f%d" % i], truth["fpr"][i], "f%d" % i)
                    true("vr%d" % i in found and "vs%dh" % i in found, "vector")
                expect(found["pc"], truth["nip"], "pc")
                for name in ("msr", "lr", "ctr", "xer", "cr", "fpscr", "srr0",
                             "srr1", "pvr", "vrsave", "sprg0", "sprg1",
                             "sprg2", "sprg3", "hsrr0", "hsrr1", "cfar",
                             "lpcr", "sdr1", "dar", "dsisr"):
                    expect(found[name], truth[name], name)

    def test_registers(self):
        """registers of each vCPU are what QEMU's monitor said, big-endian by MSR[LE]"""
        self.registers("big")

    def test_registers_little(self):
        """--endian little turns them round"""
        self.registers("little", "--endian", "little")

    def test_features(self):
        """the description has gdb's features whole"""
        with Server(self, self.guest) as server:
            gdb = Gdb(server.line())
            regs = layout(gdb)
            for size in (1, 7, 0xffff):
                true(gdb.xfer("features:read:target.xml", size)
                     == gdb.xfer("features:read:target.xml"), "in parts")
            wanted = {
                "core": ["r%d" % i for i in range(32)]
                + ["pc", "msr", "cr", "lr", "ctr", "xer"],
                "fpu": ["f%d" % i for i in range(32)] + ["fpscr"],
                "altivec": ["vr%d" % i for i in range(32)]
                + ["vscr", "vrsave"],
                "vsx": ["vs%dh" % i for i in range(32)],
                "ppr": ["ppr"], "dscr": ["dscr"], "tar": ["tar"],
                "ebb": ["bescr", "ebbhr", "ebbrr"],
                "pmu": ["mmcr0", "mmcr2", "siar", "sdar", "sier"]}
            for feature, names in wanted.items():
                for name in names:
                    expect(regs[name][2], "org.gnu.gdb.power." + feature, name)
            expect(gdb.ask("qXfer:features:read:other.xml:0,10"), b"E00",
                   "no other")
            expect(gdb.ask("qXfer:features:read:target.xml:fffff,10"), b"E22",
                   "behind the end")
            expect(gdb.ask("qXfer:auxv:read::0,10"), b"", "no such object")
            expect(gdb.ask("pffff"), b"E22", "no such register")

    def test_memory(self):
        """memory by effective address is what the guest wrote, for m and x"""
        true(len(self.truth.words) > 100, "words")
        with Server(self, self.guest) as server:
            gdb = Gdb(server.line(), no_ack=True)
            for cpu, ea, word in self.truth.words:
                gdb.ask("Hgp1.%x" % (cpu + 1))
                expect(gdb.memory(ea, 8), word.to_bytes(8, "big"), hex(ea))
                expect(gdb.memory(ea + 1, 2), word.to_bytes(8, "big")[1:3],
                       hex(ea))
                binary = gdb.ask("x%x,8" % ea)
                expect(unescape(binary), b"b" + word.to_bytes(8, "big"),
                       hex(ea))

    def test_oracle(self):
        """what QEMU translates is where the bytes come from"""
        tried, dice = 0, random.Random(1)
        with open(self.guest, "rb"), Server(self, self.guest) as server:
            gdb = Gdb(server.line(), no_ack=True)
            places = [p for p in self.truth.oracle
                      if p[2] is not None and p[2] < 0x10000000 - 16]
            for cpu, ea, gpa in dice.sample(places, 120):
                gdb.ask("Hgp1.%x" % (cpu + 1))
                n = min(16, 0x1000 - (ea & 0xfff))
                dump = gdb.monitor("real 0x%x %d" % (gpa, n)).split("\n")[0]
                real = bytes.fromhex("".join(
                    dump.split("|")[0].split()[1:]))
                expect(gdb.memory(ea, n), real, hex(ea))
                tried += any(real)
        true(tried > 20, "only %d of them are not zero" % tried)

    def test_holes(self):
        """addresses that are not mapped; a range that ends in a hole is cut"""
        with Server(self, self.guest) as server:
            gdb = Gdb(server.line())
            plain = Gdb(server.line(), "multiprocess+;error-message+")
            true("error-message+" in plain.supported, "error-message")
            expect(plain.memory(0x4444444400000000, 8),
                   "E.0x4444444400000000 is not mapped: no segment", "reason")
            Gdb(gdb.line)
            expect(gdb.memory(0x4444444400000000, 8), "E14", "unmapped")
            expect(gdb.memory(0xffffffffffffffff, 2), "E14", "the end")
            expect(gdb.memory(0x4444444400000000, 0), b"", "no byte")
            unmapped = {ea for cpu, ea, gpa in self.truth.oracle
                        if cpu == 0 and gpa is None}
            edges = [ea for cpu, ea, gpa in self.truth.oracle
                     if cpu == 0 and gpa is not None and gpa < 0x10000000
                     and ea & 0xfff == 0xfff and ea + 1 in unmapped]
            cut = [len(gdb.memory(ea, 8)) for ea in edges]
            true(1 in cut, "no range was cut: %r" % cut[:9])
            for text in ("m", "m1", "m1,", "m,1", "m1,2,3", "mx,1", "m-1,1",
                         "m11111111111111111,1"):
                expect(gdb.ask(text), b"E22", text)
            whole = gdb.memory(self.truth.words[0][1] & ~0xffff, 1 << 40)
            true(4096 <= len(whole) <= 0x8000, "%d bytes" % len(whole))

    def test_threads(self):
        """vCPUs are threads, listed in all three ways"""
        with Server(self, self.guest) as server:
            gdb = Gdb(server.line())
            expect(gdb.ask("qfThreadInfo"), b"mp1.1,p1.2", "qfThreadInfo")
            expect(gdb.ask("qsThreadInfo"), b"l", "qsThreadInfo")
            root = ET.fromstring(gdb.xfer("threads:read:"))
            expect([(t.get("id"), t.get("name"), t.text) for t in root],
                   [("p1.1", "vCPU 0", "running"),
                    ("p1.2", "vCPU 1", "running")], "qXfer:threads")
            expect(bytes.fromhex(
                gdb.ask("qThreadExtraInfo,p1.2").decode()),
                b"vCPU 1 [running]", "qThreadExtraInfo")
            expect(gdb.ask("qC"), b"QCp1.1", "qC")
            expect(gdb.ask("?"), b"T05thread:p1.1;", "?")
            for good in ("Hgp1.2", "Hg0", "Hg-1", "Hc-1", "Hgp1.-1",
                         "Hgp1.0", "Hg2", "Hgp0.2", "Hgp-1.-1", "Tp1.1",
                         "T2"):
                expect(gdb.ask(good), b"OK", good)
            expect(gdb.ask("qC"), b"QCp1.2", "qC")
            for bad in ("Hgp1.3", "Hg3", "Hgp2.1", "H", "Hg", "Hx1", "Hgp",
                        "Hgp1.", "Hg1x", "Tp1.3", "T", "T0", "T-1",
                        "qThreadExtraInfo,p1.9"):
                expect(gdb.ask(bad), b"E22", bad)
            plain = Gdb(gdb.line, "swbreak+")
            expect(plain.ask("qfThreadInfo"), b"m1,2", "without processes")
            expect(plain.ask("?"), b"T05thread:2;", "without processes")

    def test_alone(self):
        """--cpu leaves one vCPU"""
        with Server(self, self.guest, "--cpu", "1") as server:
            gdb = Gdb(server.line())
            expect(gdb.ask("qfThreadInfo"), b"mp1.2", "threads")
            expect(all_registers(gdb, "big")["pc"],
                   self.truth.registers[1]["nip"], "pc")

    def test_resume(self):
        """to continue or step leaves it where it is, and says so"""
        with Server(self, self.guest) as server:
            gdb = Gdb(server.line())
            expect(gdb.ask("vCont?"), b"vCont;c;C;s;S", "vCont?")
            for how in ("c", "s", "C05", "S05", "c1000", "vCont;c",
                        "vCont;s:p1.1;c", "vCont;C05:p1.-1"):
                expect(gdb.console(how), (SAVED, b"T11thread:p1.1;"), how)
            expect(gdb.ask("vCtrlC"), b"OK", "vCtrlC")
            gdb.line.write(b"\x03")
            expect(gdb.ask("qAttached:1"), b"1", "an interrupt is no packet")

    def test_refused(self):
        """what would change the guest is refused, with the reason"""
        with Server(self, self.guest) as server:
            gdb = Gdb(server.line())
            before = gdb.ask("g")
            ea = self.truth.words[0][1]
            for what, text in (("G" + "00" * 300, "registers"),
                               ("P3=0000000000000001", "registers"),
                               ("M%x,1:00" % ea, "memory"),
                               (b"X%x,1:a" % ea, "memory"),
                               ("X%x,0:" % ea, "memory"),
                               ("Z0,%x,4" % ea, "breakpoints"),
                               ("z1,%x,4" % ea, "breakpoints")):
                answer = gdb.ask(what).decode()
                true(answer.startswith("E.") and text in answer and
                     "this guest is saved" in answer, answer)
            expect(gdb.ask("g"), before, "registers")
            expect(gdb.memory(ea, 8),
                   self.truth.words[0][2].to_bytes(8, "big"), "memory")

    def test_memory_map(self):
        """all addresses are there, to be read"""
        with Server(self, self.guest) as server:
            gdb = Gdb(server.line())
            root = ET.fromstring(gdb.xfer("memory-map:read:"))
            at = 0
            for region in root.findall("memory"):
                expect(region.get("type"), "rom", "type")
                expect(int(region.get("start"), 0), at, "start")
                at += int(region.get("length"), 0)
            expect(at, 1 << 64, "the end")

    def test_monitor(self):
        """monitor says what hpt says"""
        mapped = next(p for p in self.truth.oracle if p[2] and p[0] == 0)
        ea, gpa = "0x%x" % mapped[1], "0x%x" % mapped[2]
        with Server(self, self.guest) as server:
            gdb = Gdb(server.line())
            for command, hpt in (
                    (("translate", ea, "0x1234"), ("translate", None)),
                    (("explain", ea), ("explain", None)),
                    (("who", gpa), ("who", None)),
                    (("real", gpa, "100"), ("read", "--real", None))):
                arguments = [self.guest if a is None else a for a in hpt]
                ours = gdb.monitor(" ".join(command))
                expect(ours, self.hpt_says(*arguments, *command[1:]),
                       command[0])
                true(len(ours) > 40, "%s says little" % command[0])
            for cpu in (0, 1):
                gdb.ask("Hg%x" % (cpu + 1))
                slb = gdb.monitor("slb").split("\n", 1)
                expect(slb[0], "vCPU %d:" % cpu, "slb")
                true(slb[1] in self.hpt_says("cpus", "--cpu", str(cpu),
                                             self.guest), "slb")
            for name in ("real", "translate", "explain", "slb", "who", "help",
                         "exit"):
                true("\n" + name in "\n" + gdb.monitor("help"), name)
            expect(gdb.monitor(""), gdb.monitor("help"), "nothing")
            for line, said in (
                    ("trnslate 1", "did you mean 'translate'?"),
                    ("elephant", "unknown command 'elephant'"),
                    ("real 0", "expected: real RA LENGTH"),
                    ("real 0 2M", "at most 1M at a time"),
                    ("real 0xffffffffffffffff 2", "beyond 2^64"),
                    ("real 0x7fffffffffff0000 16", "no RAM"),
                    ("real x 1", "x: expected a number"),
                    ("who z", "z: expected an address or a range"),
                    ("who 0x7fffffffffff0000", "no entry maps it"),
                    ("explain", "expected: explain EA"),
                    ("translate " + "1 " * 40, ""),
                    ("\x1b[31m 1", "unknown command '\\x5cx1b")):
                true(said in gdb.monitor(line) or
                     said.replace("\\x5c", "\\") in gdb.monitor(line),
                     "%s: %s" % (line, gdb.monitor(line)))
            for bad in ("qRcmd,6", "qRcmd,xx", "qRcmd,00", "qRcmd," + "61" * 1024):
                expect(gdb.ask(bad), b"E22", bad)
            large = gdb.monitor("real 0 1M")
            expect(large, self.hpt_says("read", "--real", self.guest, "0", "1M"),
                   "a large one")

    def test_exit(self):
        """monitor exit ends the server"""
        with Server(self, self.guest, listen="127.0.0.1:0") as server:
            gdb = Gdb(server.line())
            gdb.monitor("exit")
            server.ended()

    def test_wire(self):
        """sums, escapes, acknowledgements, and packets once more"""
        with Server(self, self.guest) as server:
            gdb = Gdb(server.line())
            line = gdb.line
            line.write(b"$qC#00")
            expect(line.byte(), b"-", "a wrong sum")
            line.write(b"$qC#zz")
            expect(line.byte(), b"-", "no sum")
            line.write(b"noise#$qC$qC#b4")
            expect(line.byte(), b"+", "behind noise")
            expect(gdb.get(), b"QCp1.1", "behind noise")
            line.write(b"-")
            expect(gdb.get(), b"QCp1.1", "once more")
            line.write(b"-")
            expect(gdb.get(), b"QCp1.1", "and once more")
            line.write(b"$q}c#" + sum_of(b"q}c"))
            expect(line.byte(), b"+", "escaped")
            expect(gdb.get(), b"QCp1.1", "escaped")
            for i in range(8):
                line.write(b"$qC#b4"[i:i + 1])
                time.sleep(0.002)
            expect(line.byte(), b"+", "byte by byte")
            expect(gdb.get(), b"QCp1.1", "byte by byte")
            expect(gdb.ask("a" * 0x10000), b"", "as long as allowed")
            expect(gdb.ask("a" * 0x10001), b"E22", "one byte longer")
            expect(gdb.ask("m" + "0" * 3000000), b"E22", "3 MB")
            true("PacketSize=10000;" in gdb.supported, gdb.supported)
            gdb = Gdb(line, no_ack=True)
            line.write(b"$qC#00")
            expect(gdb.get(), b"E22", "a wrong sum, without acknowledgement")
            line.write(b"-+-")
            expect(gdb.ask("qC"), b"QCp1.1", "nothing is sent again")

    def test_garbage(self):
        """no bytes from the wire end it"""
        dice, asked = random.Random(7), 0
        requests = ["?", "g", "p40", "m0,ffffffffffffffff", "x0,4000", "Hg1", "T1",
                    "D;9", "vCont;", "vCont?", "qSupported:;;;+", "qRcmd,68656c70",
                    "qXfer:features:read:target.xml:0,", "qXfer:threads:read::0,9",
                    "qThreadExtraInfo,", "Hgp1.1", "z0,0,0", "qXfer:memory-map"]
        with Server(self, self.guest) as server:
            line = server.line()
            gdb = Gdb(line, no_ack=True)
            for _ in range(400):
                text = bytearray(dice.choice(requests).encode())
                for _ in range(dice.randrange(4)):
                    at = dice.randrange(len(text) + 1)
                    text[at:at + dice.randrange(3)] = dice.randbytes(
                        dice.randrange(4))
                text = bytes(b for b in text if b not in b"$#\x03+-")
                if text.startswith((b"k", b"D", b"vKill", b"qRcmd,65",
                                    b"QStart")):
                    continue
                asked += 1
                line.write(b"$" + text + b"#" + sum_of(text))
                line.write(dice.randbytes(dice.randrange(40)).replace(
                    b"$", b"").replace(b"#", b""))
            line.write(b"#$" + b"qAttached#8f")
            last = b""
            while last != b"1":
                line.until(b"$")
                last = line.until(b"#")
        true(asked > 300, "asked %d" % asked)

    def test_sockets(self):
        """a Unix socket that only this user may use; one debugger at a time"""
        path = os.path.join(self.directory, "socket")
        with Server(self, self.guest, listen="unix:" + path) as server:
            first = Gdb(server.connect())
            expect(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode")
            second = server.connect()
            try:
                second.read()
                raise Wrong("a second debugger was answered")
            except (EOFError, ConnectionResetError):
                pass
            expect(first.ask("qC"), b"QCp1.1", "the first")
            expect(first.ask("Hg2"), b"OK", "H")
            expect(first.ask("D;1"), b"OK", "D")
            third = Gdb(server.connect(2))
            expect(third.ask("qC"), b"QCp1.1", "the next begins anew")
            third.line.close()
            fourth = Gdb(server.connect(3))
            fourth.send("k")
            server.ended()
            true(not os.path.exists(path), "the socket is left")
            true("turned away" in server.said(), server.said())

    def test_stale(self):
        """the socket of a server that was killed makes way, nothing else does"""
        path = os.path.join(self.directory, "stale")
        with Server(self, self.guest, listen="unix:" + path) as server:
            server.place()
            with Server(self, self.guest, listen="unix:" + path) as other:
                other.ended(2)
            # The other has knocked and gone, so that it waits once more.
            Gdb(server.connect(2))
            server.process.kill()
        true(os.path.exists(path), "killed")
        with Server(self, self.guest, listen="unix:" + path) as server:
            Gdb(server.connect())
        os.path.exists(path) and os.unlink(path)
        with open(path, "w") as file:
            file.write("mine")
        with Server(self, self.guest, listen="unix:" + path) as server:
            server.ended(2)
        true(os.path.isfile(path), "a file was removed")

    def test_tcp(self):
        """TCP on loopback addresses only, unless --allow-remote"""
        for where in ("127.0.0.1:0", ":0", "localhost:0", "127.1.2.3:0"):
            with Server(self, self.guest, listen=where) as server:
                expect(Gdb(server.connect()).ask("qC"), b"QCp1.1", where)
        for where in ("0.0.0.0:0", "192.0.2.1:0", "[::]:0"):
            with Server(self, self.guest, listen=where) as server:
                server.ended(2)
                true("--allow-remote permits it" in server.said(),
                     server.said())
        with Server(self, self.guest, "--allow-remote",
                    listen="0.0.0.0:0") as server:
            port = server.place().rsplit(":", 1)[1]
            sock = socket.create_connection(("127.0.0.1", int(port)))
            sock.settimeout(SECONDS)
            expect(Gdb(Line(sock=sock)).ask("qC"), b"QCp1.1", "remote")
            sock.close()
        for where in ("nowhere", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536",
                      "example.org:1", "unix:", "unix:" + "x" * 200, "[::1:0"):
            with Server(self, self.guest, listen=where) as server:
                server.ended(2)

    def test_ends(self):
        """it ends when told: by a signal, kill, the end of its line, --once"""
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with Server(self, self.guest, listen="127.0.0.1:0") as server:
                server.place()
                server.process.send_signal(sign)
                server.ended()
            with Server(self, self.guest, listen="127.0.0.1:0") as server:
                Gdb(server.connect())
                server.process.send_signal(sign)
                server.ended()
        for last, answer in (("k", None), ("D", b"OK"), ("vKill;1", b"OK")):
            for no_ack in (False, True):
                with Server(self, self.guest) as server:
                    gdb = Gdb(server.line(), no_ack=no_ack)
                    gdb.send(last)
                    if answer:
                        expect(gdb.get(), answer, last)
                    server.ended()
        with Server(self, self.guest) as server:
            Gdb(server.line())
            server.process.stdin.close()
            server.ended()
        with Server(self, self.guest, "--once", listen="127.0.0.1:0") as server:
            Gdb(server.connect()).line.close()
            server.ended()

    def test_slow(self):
        """while a slow source opens, the debugger hears that it is to wait"""
        path = os.path.join(self.directory, "fifo")
        os.mkfifo(path)
        with Server(self, path) as server:
            with open(path, "wb") as to, open(self.guest, "rb") as source:
                to.write(source.read(100000))
                to.flush()
                line = server.line()
                line.write(b"+$qC#b4")
                while line.buffer.count(b"%hpt:opening#76") < 2:
                    line.read()
                to.write(source.read())
            expect(line.first() + line.first(), b"+$", "acknowledged, answered")
            expect(line.until(b"#"), b"QC1", "answer")
            true(line.notified >= 2, "%d notifications" % line.notified)

    def test_silent(self):
        """a debugger that reads nothing keeps no signal from it"""
        with Server(self, self.guest, listen="127.0.0.1:0") as server:
            gdb = Gdb(server.connect(), no_ack=True)
            gdb.line.sock.settimeout(0.5)
            try:
                while True:
                    gdb.line.write(b"$g#67" * 1000)
            except socket.timeout:
                pass
            server.process.terminate()
            server.ended()

    def test_radix(self):
        """a radix guest: registers, and why there is no memory"""
        real = self.hpt_says("read", "--real", self.radix, "0", "64")
        with Server(self, self.radix) as server:
            gdb = Gdb(server.line())
            found = all_registers(gdb, "big")
            expect(found["msr"] & 0x30, 0, "it is in real mode")
            expect(gdb.memory(0, 16),
                   bytes.fromhex("".join(real.split("|")[0].split()[1:])),
                   "its memory")
            true("f0" in found and "ptcr" in found and "sdr1" not in found,
                 "POWER9's registers")
        with Server(self, self.radix, "--registers",
                    self.registers_file()) as server:
            gdb = Gdb(server.line(), "multiprocess+;error-message+")
            answer = gdb.memory(0xc000000000000000, 8)
            true(isinstance(answer, str) and "radix" in answer, str(answer))
            true("radix" in gdb.monitor("translate 0"), "monitor translate")
            true("radix" in gdb.monitor("explain 0"), "monitor explain")
            expect(gdb.monitor("real 0 64"), real, "monitor real")
            true("monitor real" in server.said(), server.said())

    def test_no_vcpu(self):
        """a source without a vCPU, and one that was given a vCPU"""
        image = os.path.join(self.directory, "image")
        with open(image, "wb") as file:
            file.write(bytes(1 << 18))
        with Server(self, image) as server:
            server.ended(1)
            true("no vCPU" in server.said(), server.said())
        with Server(self, image, "--registers",
                    self.registers_file()) as server:
            gdb = Gdb(server.line())
            expect(all_registers(gdb, "big")["pc"], 0x1234, "pc")
            true("f0" not in layout(gdb), "registers that nobody told")
        with Server(self, "-") as server:
            server.ended(2)
            true("no source" in server.said(), server.said())


def main():
    hpt, data = sys.argv[1], sys.argv[2]
    with tempfile.TemporaryDirectory() as directory:
        tests = Tests(hpt, data, directory)
        names = [name for name in dir(tests) if name.startswith("test_")]
        for i, name in enumerate(names):
            test = getattr(tests, name)
            try:
                test()
                print("ok %d - %s" % (i + 1, test.__doc__), flush=True)
            except (Wrong, EOFError, OSError, KeyError, ValueError,
                    subprocess.TimeoutExpired, ET.ParseError) as failure:
                print("not ok %d - %s\n# %s: %s"
                      % (i + 1, test.__doc__, type(failure).__name__, failure),
                      flush=True)
        print("1..%d" % len(names))


main()
