# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Compare the table in a QEMU migration file with what the guest entered.

check.py guest.mig guest.truth

Reads the file on its own: sections by their headers and footers, RAM records
by their flags, the chunks of spapr/htab.  Prints what the file is made of;
fails when an entry is missing, different or too many.
"""
import collections
import lzma
import struct
import sys

HV_SOFTWARE = 0x60


class Stream:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return values if len(values) > 1 else values[0]

    def name(self):
        length = self.take("B")
        self.at += length
        return self.data[self.at - length:self.at].decode()


def ram_records(stream, counts):
    while True:
        header = stream.take("Q")
        flags, value = header & 0xfff, header & ~0xfff
        if flags == 0x10:
            return
        if flags == 0x04:
            while value > 0:
                name, length = stream.name(), stream.take("Q")
                counts["block %s %#x" % (name, length)] += 1
                value -= length
            continue
        if not flags & 0x20:
            stream.name()
        if flags & ~0x20 == 0x02:
            stream.take("B")
            counts["zero pages"] += 1
        elif flags & ~0x20 == 0x08:
            stream.at += 4096
            counts["full pages"] += 1
        else:
            raise SystemExit("check.py: RAM flags %#x" % flags)


def htab_payload(stream, start, table, counts):
    shift = stream.take("I")
    if start:
        counts["htab shift %d" % shift] += 1
        return
    if shift == 0xffffffff:
        counts["htab payloads that say no table"] += 1
        return
    if shift:
        raise SystemExit("check.py: htab shift %d again" % shift)
    counts["htab payloads"] += 1
    while True:
        index, valid, invalid = stream.take("IHH")
        if not index and not valid and not invalid:
            return
        counts["htab chunks"] += 1
        counts["htab invalid"] += invalid
        for ptex in range(index, index + valid):
            table[ptex] = stream.take("QQ")
        for ptex in range(index + valid, index + valid + invalid):
            table.pop(ptex, None)


def read(data):
    """The table; the iterated sections come before all device state."""
    stream, table, names = Stream(data), {}, {}
    counts = collections.Counter()
    if stream.take("II") != (0x5145564d, 3):
        raise SystemExit("check.py: not a QEMU migration file")
    if stream.take("B") != 7:
        raise SystemExit("check.py: no configuration")
    length = stream.take("I")
    stream.at += length
    while True:
        kind = stream.take("B")
        if kind == 4:               # device state: behind the table
            break
        section = stream.take("I")
        if kind == 1:
            names[section] = stream.name()
            stream.take("II")
        elif kind not in (2, 3):
            raise SystemExit("check.py: item %d at %d" % (kind, stream.at))
        if names[section] == "ram":
            ram_records(stream, counts)
        elif names[section] == "spapr/htab":
            htab_payload(stream, kind == 1, table, counts)
        else:
            raise SystemExit("check.py: section " + names[section])
        if stream.take("BI") != (0x7e, section):
            raise SystemExit("check.py: no footer at %d" % stream.at)
    counts["bytes before device state"] = stream.at
    counts["bytes"] = len(data)
    return table, counts


def describe(table):
    """What there is of interest in it."""
    count = collections.Counter()
    groups = collections.Counter(ptex >> 3 for ptex in table)
    for v, r in table.values():
        size = ("4K" if not v & 4 else
                {0x1: "64K", 0x7: "64K in 4K", 0x3: "16G"}.get(
                    r >> 12 & 0xf) or
                {0x38: "16M in 4K", 0x08: "16M in 64K", 0: "16M"}[
                    r >> 12 & 0xff])
        count["size " + size] += 1
        count["segment " + ("1T" if v >> 62 else "256M")] += 1
        count["secondary"] += v >> 1 & 1
        count["bolted"] += v >> 4 & 1
        count["R=%d C=%d" % (r >> 8 & 1, r >> 7 & 1)] += 1
        count["wimg %s" % format(r >> 3 & 15, "04b")] += 1
        count["pp %s" % format((r >> 61 & 4) | (r & 3), "03b")] += 1
        count["N=%d" % (r >> 2 & 1)] += 1
    count["keys"] = len({r >> 57 & 0x18 | r >> 9 & 7
                         for _, r in table.values()})
    for n in groups.values():
        count["groups of %d" % n] += 1
    return count


def main():
    opener = lzma.open if sys.argv[1].endswith(".xz") else open
    with opener(sys.argv[1], "rb") as file:
        table, counts = read(file.read())
    with open(sys.argv[2]) as file:
        truth = {int(p, 16): (int(v, 16), int(r, 16))
                 for p, v, r in (line.split() for line in file)}
    raw = collections.Counter(v & HV_SOFTWARE for v, _ in table.values())
    table = {p: (v & ~HV_SOFTWARE, r) for p, (v, r) in table.items() if v & 1}
    for key, value in counts.items():
        print("%s: %d" % (key, value))
    print("software bits 0x60 seen: %s" % dict(raw))
    for key, value in sorted(describe(table).items()):
        print("%s: %d" % (key, value))
    wrong = [p for p in sorted(table.keys() | truth.keys())
             if table.get(p) != truth.get(p)]
    for p in wrong:
        print("check.py: %x truth %s file %s"
              % (p, *("none" if e is None else "%016x %016x" % e
                      for e in (truth.get(p), table.get(p)))),
              file=sys.stderr)
    if wrong or not table:
        raise SystemExit("check.py: %d entries differ" % len(wrong))
    print("%d entries, all as the guest entered them" % len(table))


main()
