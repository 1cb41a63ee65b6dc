# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Migrate the running guest live, and keep what its destination received.

migrate.py OUTDIR QEMU-COMMAND...

A source QEMU runs the guest and migrates it over a Unix socket; a tee hands
the bytes on to a destination QEMU and writes them to OUTDIR/received.mig. The
destination runs the guest and is saved as OUTDIR/resaved.mig. Then its first
CPU, which loops in privileged state with translation on, is made to do one
hypercall after the other through the gdb stub: H_PROTECT of an entry, then
H_REMOVE of another, then H_ENTER of that one into another slot of its group;
after each the destination is saved again, as protected.mig, removed.mig and
moved.mig. OUTDIR/changed names the two slots and the third.
"""
import os
import socket
import sys
import tempfile
import threading
import time

from save import SECONDS, Qemu, migrate, nip, stop_parked, wait_for_done

H_REMOVE, H_ENTER, H_PROTECT = 0x04, 0x08, 0x18
H_EXACT = 0x8000000000
SC1_AND_LOOP = "4400002248000000"       # sc 1; b .
VALID, BOLTED, LARGE, SECONDARY = 1, 0x10, 4, 2


class Gdb:
    """As much of the remote protocol as one hypercall needs."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")
        # Single registers are for those who have asked for their description.
        self.ask("qXfer:features:read:target.xml:0,ffb")
        self.ask("Hg1")

    def send(self, text):
        sum_ = sum(text.encode()) & 0xff
        self.socket.sendall(b"$%s#%02x" % (text.encode(), sum_))

    def answer(self):
        while self.file.read(1) != b"$":
            pass
        text = b""
        while not text.endswith(b"#"):
            text += self.file.read(1)
        self.file.read(2)
        self.socket.sendall(b"+")
        return text[:-1].decode()

    def ask(self, text):
        """That the guest stopped is told in between, unasked."""
        self.send(text)
        while True:
            answer = self.answer()
            if not answer.startswith("T"):
                return answer

    def set(self, register, value):
        if self.ask("P%x=%016x" % (register, value)) != "OK":
            raise SystemExit("migrate.py: gdb stub: register %d" % register)

    def get(self, register):
        return int(self.ask("p%x" % register), 16)

    def hypercall(self, loop, *arguments):
        """Registers from r3 on; returns r3, r4."""
        self.ask("Hg1")
        for i, value in enumerate(arguments):
            self.set(3 + i, value)
        self.set(64, loop)
        self.send("c")
        time.sleep(0.5)
        self.socket.sendall(b"\x03")
        while not self.answer().startswith("T"):
            pass
        self.ask("Hg1")
        if self.get(64) != loop + 4:
            raise SystemExit("migrate.py: no hypercall was done")
        return self.get(3), self.get(4)


def tee(listener, path, to):
    """One connection, copied to a file and to another socket."""
    source, _ = listener.accept()
    target = socket.socket(socket.AF_UNIX)
    target.connect(to)
    with open(path, "wb") as file:
        while True:
            data = source.recv(1 << 16)
            if not data:
                break
            file.write(data)
            target.sendall(data)
    target.close()
    source.close()


def wait_for(qemu, what, key, value):
    for _ in range(SECONDS * 10):
        if qemu.ask(what).get(key) == value:
            return
        time.sleep(0.1)
    raise SystemExit("migrate.py: no %s" % value)


def save(qemu, path):
    """Running, as it was: saving stops it at the end."""
    migrate(qemu, path)
    qemu.ask("cont")


def choose(lines):
    """Two entries of 4K pages that no CPU uses, and a free slot for one."""
    entries = {int(l[1], 16): (int(l[2], 16), int(l[3], 16))
               for l in lines if l[0] == "entry"}
    unused = [p for p, (v, r) in sorted(entries.items())
              if not v & (LARGE | BOLTED | SECONDARY) and not r & 0x180]
    for second in reversed(unused):
        for slot in range(second & ~7, (second & ~7) + 8):
            if slot not in entries and second != unused[0]:
                return unused[0], second, slot, entries
    raise SystemExit("migrate.py: no entry to change")


def rights(r):
    """As H_PROTECT takes pp, N and key."""
    return r & 0xe07 | r >> 55 & 0x100 | r >> 48 & 0x3000


def change(gdb, qemu, lines, base):
    protect, remove, free, entries = choose(lines)
    loop = next(int(l[2], 16) for l in lines if l[0] == "park" and l[1] == "0")
    if gdb.ask("M%x,8:%s" % (loop, SC1_AND_LOOP)) != "OK":
        raise SystemExit("migrate.py: gdb stub: memory")
    calls = [
        ("protected", (H_PROTECT, rights(entries[protect][1] ^ 1), protect, 0)),
        ("removed", (H_REMOVE, 0, remove, 0)),
        ("moved", (H_ENTER, H_EXACT, free) + entries[remove]),
    ]
    for name, arguments in calls:
        status = gdb.hypercall(loop, *arguments)[0]
        if status:
            raise SystemExit("migrate.py: %s: hypercall %d" % (name, status))
        migrate(qemu, base + name + ".mig")
    with open(base + "changed", "w") as file:
        file.write("%x %x %x\n" % (protect, remove, free))


def run(base, sockets, command):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sockets + "/tee")
    listener.listen(1)
    files = ["file,id=console,path=%sguest.console" % base,
             "file,id=console,path=%sarrived.console" % base]
    qemus = []
    try:
        for chardev in files:
            more = ["-chardev", chardev, "-device", "spapr-vty,chardev=console"]
            if qemus:
                more += ["-incoming", "unix:%s/arrive" % sockets, "-chardev",
                         "socket,id=gdb,path=%s/gdb,server=on,wait=off" % sockets,
                         "-gdb", "chardev:gdb"]
            qemus.append(Qemu(command + more))
        source, target = qemus
        lines = wait_for_done(base + "guest.console")
        stop_parked(source, lines)
        source.ask("cont")
        copier = threading.Thread(target=tee, daemon=True, args=(
            listener, base + "received.mig", sockets + "/arrive"))
        copier.start()
        source.ask("migrate", uri="unix:%s/tee" % sockets)
        wait_for(source, "query-migrate", "status", "completed")
        copier.join(SECONDS)
        wait_for(target, "query-status", "status", "running")
        stop_parked(target, lines)
        target.ask("cont")
        save(target, base + "resaved.mig")
        change(Gdb(sockets + "/gdb"), target, lines, base)
    finally:
        for qemu in qemus:
            qemu.end()


def main():
    # The path of a socket must be short.
    with tempfile.TemporaryDirectory() as sockets:
        run(os.path.join(sys.argv[1], ""), sockets, sys.argv[2:])


main()
