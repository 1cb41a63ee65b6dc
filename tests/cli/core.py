# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""ELF cores by the letter of the ABI, without our own code.

core.py check CORE REGS TRUTH RAW   what hpt vmcore wrote, against the monitor's "info
                                    registers", the guest's own list of its entries, and memory
core.py make OUT RAM                a core as QEMU's dump-guest-memory makes one: memory from
                                    real address 0, and one vCPU's general registers
core.py many OUT N                  one of N segments, whose number the header cannot hold
core.py elf OUT TYPE MACHINE        an ELF header of that type and machine, and nothing else
core.py patch FILE AT BYTES         puts these bytes (hex) at that offset
core.py same FILE OTHER             are they the same? Where both have holes, nothing is read
"""
import os
import re
import struct
import sys

PT_LOAD, PT_NOTE, PT_TABLE = 1, 4, 0x60485054


def fail(text):
    raise SystemExit("core.py: " + text)


def segments(data, order):
    (kind, machine, _, _, phoff, shoff, _, _, size, n) = struct.unpack_from(
        order + "HHIQQQIHHH", data, 16)
    if (kind, machine, size) != (4, 21, 56):
        fail("not a core of ppc64")
    if n == 0xffff:
        n, = struct.unpack_from(order + "I", data, shoff + 44)
    return [struct.unpack_from(order + "IIQQQQQQ", data, phoff + i * 56)
            for i in range(n)]


def notes(data, order, at, end):
    while at < end:
        namesz, descsz, kind = struct.unpack_from(order + "III", data, at)
        name = data[at + 12:at + 12 + namesz].rstrip(b"\0").decode()
        desc = at + 12 + (namesz + 3) // 4 * 4
        yield name, kind, data[desc:desc + descsz]
        at = desc + (descsz + 3) // 4 * 4


def monitor(path):
    """Registers by CPU, of "info registers"."""
    cpus = []
    for part in open(path).read().split("# cpu ")[1:]:
        found = dict(re.findall(r"\b(NIP|LR|CTR|XER|CR|MSR|DAR|DSISR) "
                                r"([0-9a-f]+)", part))
        gpr = re.findall(r"GPR\d\d ((?:[0-9a-f]{16} ?)+)", part)
        found["GPR"] = [int(x, 16) for x in " ".join(gpr).split()]
        fpr = re.findall(r"FPR\d\d ((?:[0-9a-f]{16} ?)+)", part)
        found["FPR"] = [int(x, 16) for x in " ".join(fpr).split()]
        cpus.append(found)
    return cpus


def check_registers(order, found, expected):
    reg = struct.unpack_from(order + "48Q", found["status"], 112)
    names = {"NIP": 32, "MSR": 33, "CTR": 35, "LR": 36, "XER": 37, "CR": 38,
             "DAR": 41, "DSISR": 42}
    if list(reg[:32]) != expected["GPR"] or len(expected["GPR"]) != 32:
        fail("general registers")
    for name, i in names.items():
        if reg[i] != int(expected[name], 16):
            fail("%s is %x, the monitor says %s" % (name, reg[i],
                                                    expected[name]))
    fpr = struct.unpack_from(order + "32Q", found["fpu"], 0)
    if list(fpr) != expected["FPR"]:
        fail("floating point registers")
    if len(found["vmx"]) != 34 * 16 or len(found["vsx"]) != 32 * 8:
        fail("vectors")


def check_table(image, path):
    truth = {int(i, 16): (int(v, 16), int(r, 16)) for i, v, r in
             (line.split() for line in open(path))}
    for i in range(len(image) // 16):
        v, r = struct.unpack_from(">QQ", image, i * 16)
        if (v, r) != truth.get(i, (0, 0)):
            fail("entry %x" % i)


def check(core, regs, truth, raw):
    data = open(core, "rb").read()
    order = "<" if data[5] == 1 else ">"
    cpus, own = [], 0
    for kind, _, at, vaddr, ra, size, memsz, _ in segments(data, order):
        if kind == PT_NOTE:
            for name, what, desc in notes(data, order, at, at + size):
                own += name == "LIBHPT"
                if (name, what) == ("CORE", 1):
                    cpus.append({"status": desc})
                key = {("CORE", 2): "fpu", ("LINUX", 0x100): "vmx",
                       ("LINUX", 0x102): "vsx"}.get((name, what))
                if key:
                    cpus[-1][key] = desc
        elif kind == PT_TABLE:
            check_table(data[at:at + size], truth)
        elif kind == PT_LOAD:
            memory = open(raw, "rb").read()
            if (vaddr, ra, size, memsz) != (0, 0, len(memory), len(memory)):
                fail("a segment is not as expected")
            if data[at:at + size] != memory:
                fail("memory differs")
    expected = monitor(regs)
    if len(cpus) != len(expected) or own < 6:
        fail("%d vCPUs, %d notes of ours" % (len(cpus), own))
    for found, wanted in zip(cpus, expected):
        check_registers(order, found, wanted)


def header(kind, machine, n, shoff=0, shnum=0):
    ident = b"\x7fELF\x02\x02\x01" + bytes(9)
    return ident + struct.pack(">HHIQQQIHHHHHH", kind, machine, 1, 0, 64, shoff,
                               0, 64, 56, n, 64 if shnum else 0, shnum, 0)


def prstatus():
    reg = [0x1000 + i for i in range(48)]
    reg[33] = 0x9000000000001032
    status = struct.pack(">12xHHQQIIII64x48QII", 0, 0, 0, 0, 1, 0, 0, 0, *reg,
                         0, 0)
    return struct.pack(">III8s", 5, len(status), 1, b"CORE\0") + status


def make(out, ram):
    note, memory = prstatus(), open(ram, "rb").read()
    at = 64 + 2 * 56
    with open(out, "wb") as file:
        file.write(header(4, 21, 2))
        file.write(struct.pack(">IIQQQQQQ", PT_NOTE, 0, at, 0, 0, len(note), 0,
                               0))
        file.write(struct.pack(">IIQQQQQQ", PT_LOAD, 0, at + len(note), 0, 0,
                               len(memory), len(memory), 0))
        file.write(note + memory)


def many(out, n):
    """Page i of memory is at 64K * i, and its first word is i."""
    at = 64 + n * 56 + 64
    with open(out, "wb") as file:
        file.write(header(4, 21, 0xffff, 64 + n * 56, 1))
        for i in range(n):
            file.write(struct.pack(">IIQQQQQQ", PT_LOAD, 0, at + i * 8, 0,
                                   i << 16, 8, 8, 0))
        file.write(struct.pack(">44xI16x", n))
        for i in range(n):
            file.write(struct.pack(">Q", i))


def data_at(fd, at):
    """Where data begin, at this offset or behind it; the end, where there are none."""
    try:
        return os.lseek(fd, at, os.SEEK_DATA)
    except OSError:
        return os.fstat(fd).st_size


def same(one, other):
    with open(one, "rb") as a, open(other, "rb") as b:
        size, at = os.fstat(a.fileno()).st_size, 0
        if size != os.fstat(b.fileno()).st_size:
            return False
        while at < size:
            at = min(data_at(a.fileno(), at), data_at(b.fileno(), at))
            if os.pread(a.fileno(), 1 << 16, at) != os.pread(b.fileno(), 1 << 16, at):
                return False
            at += 1 << 16
    return True


def main():
    what, out, *rest = sys.argv[1:]
    if what == "check":
        check(out, *rest)
    elif what == "make":
        make(out, *rest)
    elif what == "many":
        many(out, int(rest[0]))
    elif what == "elf":
        open(out, "wb").write(header(int(rest[0]), int(rest[1]), 0))
    elif what == "patch":
        with open(out, "r+b") as file:
            file.seek(int(rest[0]))
            file.write(bytes.fromhex(rest[1]))
    elif what == "same":
        sys.exit(not same(out, rest[0]))


if __name__ == "__main__":
    main()
