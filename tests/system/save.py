# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Boot a Linux guest, stop it, save it, and question QEMU's monitor about it.

save.py OUTDIR SECONDS QEMU-COMMAND...

OUTDIR gets:
guest.console	what it said; its "map" lines say where to look
guest.mig	its migration file
guest.oracle	"cpu ea gpa|unmapped" by gva2gpa, for each CPU
guest.memory	"cpu ea length hex|refused" by memsave
guest.regs guest.tlb guest.mtree	info registers, tlb (SLB), mtree -f
guest.sprs	"cpu name value", what a translation depends on
guest.stacks	"cpu sp back cr lr", the back chain of each CPU in the kernel
guest.frames	"cpu pc sp name", what gdb makes of it by QEMU's stub, if
		there is a gdb (GDB, by default gdb-multiarch)
guest.table	of a bare machine: its hashed page table, from its RAM
guest.root	of a bare machine: "sdr1 VALUE ADDRESS ORDER", or "ptcr VALUE
		ADDRESS ORDER ENTRY", ENTRY being the partition's, 16 bytes

The file is made before the monitor is asked: gva2gpa may set R in the table,
and a second migration of a stopped guest is refused.
"""
import os
import random
import re
import shutil
import struct
import sys
import tempfile

import machine
import stacks

GDB = os.environ.get("GDB", "gdb-multiarch")

EACH_CPU = 6000                 # addresses, at least
BYTES = 400                     # readings of memory in all
MSR_PR, MSR_IR, MSR_DR = 0x4000, 0x20, 0x10
LINEAR = 0xc000000000000000
REGIONS = {"vmalloc": 0xc008000000000000, "io": 0xc00a000000000000,
           "vmemmap": 0xc00c000000000000}
PAGE, STRUCT_PAGE = 1 << 16, 64 # of this kernel
MASK = (1 << 64) - 1
SPRS = ("sdr1 ptcr lpcr lpidr pid amr iamr amor uamor rmor hrmor pvr msr "
        "nip").split()


class Guest:
    """What the guest's console says."""

    def __init__(self, lines):
        self.maps = [(name, int(ea, 16), int(size, 16)) for _, name, ea, size
                     in (line.split() for line in lines
                         if line.startswith("map "))]
        self.words = [(int(ea, 16), int(value, 16)) for _, ea, value
                      in (line.split() for line in lines
                          if line.startswith("word "))]


def registers(qemu, cpu):
    """The monitor's expressions: whatever this CPU has."""
    found = {}
    for name in SPRS:
        text = qemu.monitor("print/x $" + name, cpu).strip()
        if re.fullmatch("(0x)?[0-9a-f]+", text):
            found[name] = int(text, 16)
    return found


def stop_as_wanted(qemu, cpus, scratch):
    """CPU 0 in user mode, the others in the kernel, translation on; their stacks."""
    for _ in range(1000):
        qemu.ask("stop")
        msr = [registers(qemu, cpu)["msr"] for cpu in range(cpus)]
        if (all(m & MSR_IR and m & MSR_DR for m in msr) and msr[0] & MSR_PR
                and not any(m & MSR_PR for m in msr[1:])):
            found = {cpu: stacks.walk(qemu, cpu, scratch)
                     for cpu in range(1, cpus)}
            if all(found.values()):
                return found
        stacks.go_on(qemu)
        qemu.left("no CPU as wanted")
    raise machine.Failed("its CPUs are never as wanted: "
                         + " ".join("%x" % m for m in msr))


def pieces(guest, ram):
    """(start, bytes, how many addresses) of everything worth a look."""
    found = [(LINEAR, ram, 900), (REGIONS["io"], 1 << 21, 150),
             (REGIONS["vmemmap"], ram // PAGE * STRUCT_PAGE, 300)]
    for name, ea, size in guest.maps:
        many = {"text": 500, "huge-1T": 400, "huge-256M": 300}
        found.append((ea, size, many.get(name, 100)))
    return found


def addresses(guest, ram):
    """Inside, at the edges, close by, and anywhere at all; sorted."""
    dice = random.Random(1)
    eas = set()
    for ea, size, n in pieces(guest, ram):
        eas.update(ea + dice.randrange(size) for _ in range(n))
        for edge in (ea, ea + size):
            for off in (1, 0x1000, PAGE, 1 << 24, 1 << 28, 1 << 40):
                eas.update((edge - off, edge + off - 1))
    tops = [0] + [region >> 40 for region in (LINEAR, *REGIONS.values())]
    while len(eas) < EACH_CPU:
        top = dice.choice(tops) << 40
        eas.add(top + dice.randrange(1 << dice.choice((28, 32, 40, 46))))
        eas.add(dice.randrange(1 << 64))
    return sorted(ea & MASK for ea in eas)


def translate(qemu, cpu, ea):
    text = qemu.monitor("gva2gpa 0x%x" % ea, cpu).strip()
    if text == "Unmapped":
        return None
    if not text.startswith("gpa: "):
        raise machine.Failed("gva2gpa says '%s'" % text)
    return int(text[5:], 16)


def ask_oracle(qemu, cpus, eas, ram, path):
    mapped, unmapped = [], []
    with open(path, "w") as file:
        for cpu in range(cpus):
            for ea in eas:
                gpa = translate(qemu, cpu, ea)
                if gpa is None:
                    unmapped.append((cpu, ea))
                elif gpa < ram:     # devices are not in the file
                    mapped.append((cpu, ea))
                file.write("%d %016x %s\n" % (
                    cpu, ea, "unmapped" if gpa is None else "%x" % gpa))
    return mapped, unmapped


def ask_bytes(qemu, mapped, unmapped, path):
    dice = random.Random(2)
    places = [(cpu, ea, dice.choice((1, 2, 7, 8, 64)))
              for cpu, ea in dice.sample(mapped, BYTES // 2)]
    # Across the end of a page, into whatever is there or is not.
    places += [(cpu, ea | (PAGE - 1), dice.choice((1, 2, 64)))
               for cpu, ea in dice.sample(mapped, BYTES // 4)]
    places += [(cpu, ea, 8) for cpu, ea in dice.sample(unmapped, BYTES // 4)]
    with open(path, "w") as file:
        for cpu, ea, length in places:
            if ea + length > MASK:
                continue
            data = qemu.memory(cpu, ea, length, path + ".bytes")
            file.write("%d %016x %d %s\n" % (
                cpu, ea, length, "refused" if data is None else data.hex()))


def check_words(qemu, guest, path):
    """The guest's word that the monitor sees what it should."""
    if len(guest.words) < 8:
        raise machine.Failed("the guest has mapped hardly anything")
    for ea, value in guest.words:
        data = qemu.memory(0, ea, 8, path)
        if data is None or struct.unpack("<Q", data)[0] != value:
            raise machine.Failed("at %x the monitor has %s" % (ea, data))


def real_bytes(qemu, ra, length, scratch):
    qemu.ask("pmemsave", val=ra, size=length, filename=scratch)
    with open(scratch, "rb") as file:
        data = file.read()
    os.unlink(scratch)
    return data


def save_table(qemu, base):
    sprs = registers(qemu, 0)
    if "ptcr" in sprs:
        entry = real_bytes(qemu, sprs["ptcr"] & 0x0ffffffffffff000, 16,
                           base + "scratch")
        root, more = struct.unpack(">QQ", entry)[0], " " + entry.hex()
        if root >> 63:
            raise machine.Failed("the kernel uses radix")
    else:
        root, more = sprs["sdr1"], ""
    kind = "ptcr" if more else "sdr1"
    ra, order = root & 0x0ffffffffffc0000, 18 + (root & 0x1f)
    qemu.ask("pmemsave", val=ra, size=1 << order, filename=base + "table")
    with open(base + "root", "w") as file:
        file.write("%s %x %x %d%s\n" % (kind, sprs[kind], ra, order, more))


def save_registers(qemu, cpus, base):
    with open(base + "sprs", "w") as file:
        for cpu in range(cpus):
            for name, value in registers(qemu, cpu).items():
                file.write("%d %s %x\n" % (cpu, name, value))
    for what, name in (("registers", "regs"), ("tlb", "tlb")):
        with open(base + name, "w") as file:
            for cpu in range(cpus):
                text = qemu.monitor("info " + what, cpu).strip("\n")
                file.write("# cpu %d\n%s\n\n" % (cpu, text))
    with open(base + "mtree", "w") as file:
        file.write(qemu.monitor("info mtree -f"))


def save_stacks(found, base):
    with open(base + "stacks", "w") as file:
        for cpu, frames in found.items():
            for words in frames:
                file.write("%d %016x %x %x %x\n" % (cpu, *words))


def question(qemu, base, bare):
    guest = Guest(qemu.wait_for("ready"))
    cpus = len(qemu.ask("query-cpus-fast"))
    ram = qemu.ask("query-memory-size-summary")["base-memory"]
    found = stop_as_wanted(qemu, cpus, base + "scratch")
    qemu.migrate(base + "mig")
    save_stacks(found, base)
    save_registers(qemu, cpus, base)
    if bare:
        save_table(qemu, base)
    check_words(qemu, guest, base + "scratch")
    mapped, unmapped = ask_oracle(qemu, cpus, addresses(guest, ram), ram,
                                  base + "oracle")
    ask_bytes(qemu, mapped, unmapped, base + "memory")
    print("%d CPUs, %d addresses in memory, %d unmapped"
          % (cpus, len(mapped), len(unmapped)))


def saved(command, base, seconds, stub):
    bare = any(word.startswith("powernv") for word in command)
    stubs = ["-chardev", "socket,id=gdb,path=%s,server=on,wait=off" % stub,
             "-gdb", "chardev:gdb"] if shutil.which(GDB) else []
    with machine.Machine(command + stubs, base + "console", seconds) as qemu:
        question(qemu, base, bare)
        if stubs:
            text = stacks.ask_gdb(GDB, stub, command[command.index("-kernel") + 1],
                                  base + "scratch")
            with open(base + "frames", "w") as file:
                file.write(text)


def main():
    base = os.path.join(sys.argv[1], "guest.")
    os.makedirs(sys.argv[1], exist_ok=True)
    try:
        # The path of a socket must be short.
        with tempfile.TemporaryDirectory() as sockets:
            saved(sys.argv[3:], base, float(sys.argv[2]),
                  os.path.join(sockets, "gdb"))
    except (machine.Failed, OSError) as failure:
        raise SystemExit("save.py: %s" % failure)


main()
