# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run QEMU on the guest, stop it when it is done, save it, question it.

save.py OUTDIR QEMU-COMMAND...

The command gets a QMP monitor on its standard input and output; it writes
the guest's console to OUTDIR/guest.console.  The migration file is made
before the monitor's gva2gpa is asked anything, for asking may set R bits.
"""
import json
import os
import signal
import subprocess
import sys
import time

SECONDS = 60


class Qemu:
    def __init__(self, command):
        self.process = subprocess.Popen(command + ["-qmp", "stdio"],
                                        stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.answer()
        self.ask("qmp_capabilities")

    def answer(self):
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit("save.py: QEMU ended")
            message = json.loads(line)
            if "event" not in message:
                return message

    def ask(self, what, **arguments):
        request = {"execute": what, "arguments": arguments}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        message = self.answer()
        if "error" in message:
            raise SystemExit("save.py: %s: %s" % (what, message["error"]))
        return message["return"]

    def monitor(self, line, cpu=0):
        text = self.ask("human-monitor-command", **{"command-line": line,
                                                    "cpu-index": cpu})
        return text.replace("\r", "")

    def end(self):
        if self.process.poll() is None:
            try:
                self.ask("quit")
                self.process.wait(10)
            except (SystemExit, OSError, subprocess.TimeoutExpired):
                self.process.kill()
        self.process.wait()


def wait_for_done(path):
    """The console's lines, once the guest has said its last."""
    for _ in range(SECONDS * 10):
        lines = []
        if os.path.exists(path):
            with open(path) as file:
                lines = file.read().split("\n")
        for line in lines:
            if line.startswith(("interrupt ", "stopped ", "wrong ")):
                raise SystemExit("save.py: the guest says: " + line)
        if len(lines) > 1 and lines[-2].startswith("done "):
            return [line.split() for line in lines[:-1]]
        time.sleep(0.1)
    raise SystemExit("save.py: the guest is not done")


def nip(qemu, cpu):
    text = qemu.monitor("info registers", cpu).split()
    return int(text[text.index("NIP") + 1], 16)


def stop_parked(qemu, lines):
    """Stop when every CPU is at the EA where it said it would loop."""
    parks = {int(l[1]): int(l[2], 16) for l in lines if l[0] == "park"}
    for _ in range(100):
        qemu.ask("stop")
        if all(nip(qemu, cpu) == ea for cpu, ea in parks.items()):
            return sorted(parks)
        qemu.ask("cont")
        time.sleep(0.05)
    raise SystemExit("save.py: a CPU is not where it should loop")


def migrate(qemu, path):
    qemu.ask("migrate", uri="exec:cat > '%s'" % path)
    for _ in range(SECONDS * 10):
        status = qemu.ask("query-migrate").get("status")
        if status == "completed":
            return
        if status in ("failed", "cancelled"):
            break
        time.sleep(0.1)
    raise SystemExit("save.py: migration did not complete")


def question(qemu, lines):
    """gva2gpa for every map and unmapped line: (oracle, disagreements)."""
    oracle, wrong = [], []
    for line in lines:
        if line[0] not in ("map", "unmapped"):
            continue
        cpu, ea = int(line[1]), line[2]
        expected = line[3] if line[0] == "map" else "unmapped"
        text = qemu.monitor("gva2gpa 0x" + ea, cpu).strip()
        found = "unmapped"
        if text.startswith("gpa: "):
            found = "%x" % int(text[5:], 16)
        elif text != "Unmapped":
            found = text
        oracle.append((cpu, ea, found))
        if found != expected:
            wrong.append("%d %s guest %s QEMU %s" % (cpu, ea, expected, found))
    return sorted(set(oracle)), wrong


def read_words(qemu, lines):
    """The words that the guest says are at an EA: disagreements."""
    wrong = []
    for line in lines:
        if line[0] == "word":
            text = qemu.monitor("x /1gx 0x" + line[2], int(line[1])).split()
            if len(text) != 2 or text[1] != "0x" + line[3]:
                wrong.append("%s QEMU %s" % (" ".join(line), " ".join(text)))
    return wrong


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def main():
    out, command = sys.argv[1], sys.argv[2:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    qemu = Qemu(command)
    try:
        base = os.path.join(out, "guest.")
        lines = wait_for_done(base + "console")
        cpus = stop_parked(qemu, lines)
        migrate(qemu, base + "mig")
        for name in ("registers", "tlb"):
            text = "".join("# cpu %d\n%s\n" % (cpu, qemu.monitor(
                "info " + name, cpu).strip("\n")) for cpu in cpus)
            write(base + {"registers": "regs"}.get(name, name), text)
        oracle, wrong = question(qemu, lines)
        wrong += read_words(qemu, lines)
        write(base + "oracle", "".join("%d %s %s\n" % o for o in oracle))
    finally:
        qemu.end()
    entries = sorted((int(l[1], 16), l[2], l[3]) for l in lines
                     if l[0] == "entry")
    write(base + "truth", "".join("%x %s %s\n" % e for e in entries))
    for text in wrong:
        print("save.py: " + text, file=sys.stderr)
    if wrong:
        raise SystemExit("save.py: QEMU disagrees %d times" % len(wrong))
    print("%d entries, %d translations as QEMU has them"
          % (len(entries), len(oracle)))


if __name__ == "__main__":
    main()
