# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""gdb on QEMU's own stub and on hpt gdbserver, of the same stopped guest.

gdb.py OUTDIR SECONDS HPT SYMBOLS WORD QEMU-COMMAND...

Boots a guest until its console says WORD, stops it, fills its registers by
QEMU's stub, saves it, and has gdb ask both the same: registers, memory,
backtraces, symbols of the file SYMBOLS.  What is answered must be the same
line by line, but for what DIFFERENCES names.  Prints TAP.

Words of the console that say where to look: "map NAME EA SIZE" of the guest
in this directory, "word CPU EA VALUE" of the one in tests/guest.
"""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

import machine
import stacks

GDB = os.environ.get("GDB", "gdb-multiarch")
MSR_PR, MSR_ON = 0x4000, 0x30
MARK = "@@"
KERNEL = 0xc000000000000000

DIFFERENCES = {
    "threads": "QEMU calls them CPU#N [running], hpt \"vCPU N\" (running)",
    "spr": "QEMU gives its special purpose registers no type, so that gdb "
           "takes them for signed and names no symbol: their hexadecimal "
           "values are compared",
    "spr of others": "QEMU's stub has them of its first vCPU only: of the "
                     "others its monitor says them",
    "fpscr": "QEMU has 32 bits of it, which is why gdb offers no decimal "
             "registers (dl0, ...)",
    "segments": "QEMU reads nothing whose segment the vCPU's SLB does not "
                "have; hpt finds it by Linux's rule: QEMU's xp says what is at "
                "the real address",
    "rights": "QEMU does not read what the vCPU's state (MSR[PR]) or storage "
              "keys forbid: its other thread says what is there",
}
# gdb's own features: their lines must be the same to the last character.
GROUPS = [" ".join("r%d" % i for i in range(32)) + " pc msr cr lr ctr xer",
          "float", "vector", "spr"]
SPR_GROUP = "info registers spr"
# As QEMU names them: what both have, and is no timer, which is not saved.
OTHER_NAMES = {"spr_cfar": "cfar", "spr_dscr": "dscr"}
SPRS = ("srr0 srr1 dar dsisr sprg0 sprg1 sprg2 sprg3 pvr pid amr iamr uamor "
        "amor lpcr lpidr hsrr0 hsrr1 hdar hdsisr pcr fscr hfscr tar ppr pir "
        "bescr ebbhr ebbrr mmcr0 mmcr2 siar sdar tfhar tfiar texasr "
        "hid0").split()
# What the guest itself may have left 0 is filled by QEMU's stub.
FILLED = {"dar": 0x123456789abcdef0, "dsisr": 0x42000000,
          "sprg2": 0xfedcba9876543210, "tar": 0xc000000000001234,
          "fscr": 0x0000000000000181, "srr0": 0xc00000000000c0de}


def stopped(qemu, user, scratch):
    """Translation on everywhere; if @user, CPU 0 in problem state alone, and the
    stacks of the others whole."""
    cpus = len(qemu.ask("query-cpus-fast"))
    for _ in range(1000):
        qemu.ask("stop")
        msr = [int(qemu.monitor("print/x $msr", cpu), 16)
               for cpu in range(cpus)]
        if (all(m & MSR_ON == MSR_ON for m in msr) and
                (not user or [bool(m & MSR_PR) for m in msr]
                 == [True] + [False] * (cpus - 1)
                 and all(stacks.walk(qemu, cpu, scratch)
                         for cpu in range(1, cpus)))):
            return msr
        stacks.go_on(qemu)
        qemu.left("its CPUs are never as wanted")
    raise machine.Failed("its CPUs are never as wanted")


def gdb(target, symbols, commands, log):
    """What gdb says to each; it lets go of the guest without a word, since
    QEMU would have it run.  A target is "remote WHERE" or "core FILE"."""
    script = ["set pagination off", "set width 0", "set confirm off",
              "target " + target]
    for i, command in enumerate(commands):
        script += ["echo \\n%s %d\\n" % (MARK, i), command]
    # An error ends a file of commands, but not what -ex says.
    arguments = []
    leave = ["disconnect"] if target.startswith("remote ") else []
    for line in script + ["echo \\n%s end\\n" % MARK] + leave:
        arguments += ["-ex", line]
    done = subprocess.run([GDB, "-q", "-nx", "-batch", *arguments, symbols],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300)
    text = done.stdout.decode(errors="replace")
    with open(log, "w") as file:
        file.write(text)
    parts = re.split(r"^%s (\d+|end)\n" % MARK, text, flags=re.M)
    answers = dict(zip(parts[1::2], parts[2::2]))
    if "end" not in answers:
        raise machine.Failed("gdb did not come to the end: see " + log)
    return [answers[str(i)].strip("\n").split("\n")
            for i in range(len(commands))]


def fill(path, symbols, cpus, log):
    """Every vector register of every thread has bytes of its own."""
    commands = []
    for cpu in range(cpus):
        commands.append("thread %d" % (cpu + 1))
        for i in range(64):
            commands += ["set $vs%d.v4_int32[%d] = 0x%x"
                         % (i, k, 0x10203040 * (k + 1) + 0x101 * i + cpu)
                         for k in range(4)]
        commands += ["set $fpscr = 0x%x" % (0x82004000 + cpu),
                     "set $vrsave = 0x%x" % (0x55aa0000 + cpu)]
    commands += ["thread 1"] + ["set $%s = 0x%x" % item
                                for item in FILLED.items()]
    for answer, command in zip(gdb("remote " + path, symbols, commands, log), commands):
        if answer != [""] and not command.startswith("thread"):
            raise machine.Failed("%s: %s" % (command, answer))


def same_threads(line):
    line = re.sub(r' "vCPU \d+" \((\w+)\)', r" (\1)", line)
    line = re.sub(r" \(CPU#\d+ \[(\w+) *\]\)", r" (\1)", line)
    return re.sub("  +", " ", line)


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def ok(self, what, wrong):
        self.count += 1
        self.failed += bool(wrong)
        print("%sok %d - %s" % ("not " if wrong else "", self.count, what))
        for line in wrong[:12]:
            print("# " + line)


def same_floats(lines):
    """Of fpscr 32 bits; no decimal registers."""
    found = []
    for line in lines:
        if line.startswith("fpscr"):
            line = "fpscr %x" % (int(line.split()[1], 16) & 0xffffffff)
        if not re.match(r"dl\d+ ", line):
            found.append(line)
    return found


def beyond_slb(qemu, hpt, thread, command, ours, theirs):
    """Bytes that QEMU does not find by themselves, at their real address."""
    ea = re.fullmatch(r"x/(\d)gx (0xc[0-9a-f]{15})", command)
    if (thread == 1 or not ea or "Cannot access" not in theirs[0]
            or "Cannot access" in ours[0]):
        return None
    hpt, source = hpt
    done = subprocess.run([hpt, "translate", "--json", "--linux", "--cpu",
                           str(thread - 1), source, ea[2]],
                          stdout=subprocess.PIPE, timeout=100)
    ra = json.loads(done.stdout)["ra"]
    text = qemu.monitor("xp /%sgx %s" % (ea[1], ra))
    words = re.findall(r"0x[0-9a-f]{16}\b(?!:)", text)
    return unlike([w for line in ours for w in line.split()[1:]], words)


def unlike(ours, theirs):
    """Lines that differ, said."""
    wrong = ["hpt: %s" % a for a in ours[len(theirs):]]
    wrong += ["QEMU: %s" % b for b in theirs[len(ours):]]
    for a, b in zip(ours, theirs):
        if a != b:
            wrong += ["hpt:  " + a, "QEMU: " + b]
    return wrong


def registers(lines):
    found = {}
    for line in lines:
        words = line.split(None, 2)
        if len(words) > 1:
            name = OTHER_NAMES.get(words[0], words[0])
            # Its second xer, lr and ctr are of the group of others.
            found.setdefault(name, re.sub(" +", " ", line))
    return found


def compare_sprs(ours, theirs):
    """Of {name: line with a hexadecimal number}."""
    wrong = []
    names = [name for name in SPRS if name in ours and name in theirs]
    for name in names:
        a, b = (int(who[name].split()[1], 16) for who in (ours, theirs))
        if a != b:
            wrong.append("%s: hpt %x, QEMU %x" % (name, a, b))
    if len(names) < 16:
        wrong.append("only " + " ".join(names))
    return wrong


def monitor_sprs(qemu, cpu):
    found = {}
    for name in SPRS:
        text = qemu.monitor("print/x $" + name, cpu).strip()
        if re.fullmatch("(0x)?[0-9a-f]+", text):
            found[name] = "%s %s" % (name, text)
    return found


def places(console, linux):
    """(thread, commands) for memory and symbols."""
    maps = [line.split() for line in console if line.startswith("map ")]
    words = [line.split() for line in console if line.startswith("word ")]
    found = [(1, "x/8i $pc"), (2, "x/8i $pc"), (1, "x/16gx $r1"),
             (2, "x/16gx $r1"), (2, "info symbol $pc"),
             (2, "info symbol $lr"), (1, "p/x $vs3"), (2, "p/x $vs40"),
             (1, "x/2gx 0x4444444400000000")]
    if linux:
        found += [(2, "x/s (char*)&linux_banner"), (2, "p &init_task"),
                  (2, "x/64gx &init_task"), (2, "x/32wx &_stext"),
                  (2, "x/40i do_idle"), (2, "x/16xb &init_mm"),
                  (2, "x/8gx 0xc00c000000000000"),
                  (2, "info symbol &jiffies_64")]
        for _, name, ea, size in maps:
            ea = int(ea, 16)
            if name == "device":    # not in the file
                continue
            thread = 2 if ea >= KERNEL else 1
            found += [(thread, "x/4gx 0x%x" % ea),
                      (thread, "x/2gx 0x%x" % (ea + int(size, 16) - 16))]
        return found
    found += [(int(cpu) + 1, "x/2gx 0x%s" % ea) for _, cpu, ea, _ in
              words[::max(1, len(words) // 24)]]
    return found


def compare(tap, qemu, hpt, ours, theirs, asked):
    for (thread, command), a, b in zip(asked, ours, theirs):
        if command == SPR_GROUP:
            wrong = compare_sprs(registers(a), registers(b) if thread == 1
                                 else monitor_sprs(qemu, thread - 1))
        elif command == "info registers float":
            wrong = unlike(same_floats(a), same_floats(b))
        else:
            wrong = beyond_slb(qemu, hpt, thread, command, a, b)
        if wrong is None:
            wrong = unlike([same_threads(line) for line in a],
                           [same_threads(line) for line in b])
        tap.ok("thread %d: %s" % (thread, command.replace(
            GROUPS[0], "of the core")), wrong)


def other_thread(tap, qemu, hpt, asked):
    """In problem state, hpt reads the kernel as QEMU does in the other one."""
    kernel = [i for i, (thread, command) in enumerate(asked)
              if thread == 2 and re.match("x/.*(&|0xc0)", command)]
    wrong, same = [], 0
    for i, answer in zip(kernel, hpt):
        if "Cannot access" not in qemu[i][0]:
            wrong += unlike(answer, qemu[i])
            same += 1
    if same < 8:
        wrong.append("only %d could be asked" % same)
    tap.ok("thread 1, in problem state, has the kernel's memory, too", wrong)


def core_as_server(tap, hpt, out, saved, symbols, server):
    """The kernel's side of hpt vmcore, in gdb, against that by hpt gdbserver."""
    core = os.path.join(out, "core")
    subprocess.run([hpt, "vmcore", "--force", "-o", core, saved], check=True,
                   timeout=100)
    commands = ["thread apply 2 -q " + command for command in (
        "bt", "x/32gx $r1", "x/8i $pc", "info symbol $pc",
        "x/s (char*)&linux_banner", "x/64gx &init_task", "x/32wx &_stext",
        "x/40i do_idle", "x/16xb &init_mm", "x/4096gx 0xc000000001000000",
        "info symbol &jiffies_64")]
    commands += ["thread apply %d -q info registers %s" % (thread, group)
                 for thread in (1, 2) for group in GROUPS[:3]]
    ours = gdb(server, symbols, commands, os.path.join(out, "hpt-core.log"))
    theirs = gdb("core " + core, symbols, commands,
                 os.path.join(out, "core.log"))
    for command, a, b in zip(commands, ours, theirs):
        wrong = unlike(a, b)
        if "Cannot" in a[0] or "rror" in a[0]:
            wrong.append(a[0])
        tap.ok("a core, as the server: thread " + command[13:].replace(
            " -q", ":").replace(GROUPS[0], "of the core"), wrong)


def interesting(tap, asked, answers, linux):
    """A comparison of nothing would be none."""
    text = dict((command, "\n".join(answer)) for (_, command), answer
                in zip(asked, answers))
    wrong = []
    if linux:
        frames = re.findall(r"^#\d+ .* in (\w+)", text["thread apply all bt"],
                            re.M)
        if not frames:
            wrong.append("no frame has a name")
        if "Linux version" not in text["x/s (char*)&linux_banner"]:
            wrong.append(text["x/s (char*)&linux_banner"])
        if "init_task>" not in text["p &init_task"]:
            wrong.append(text["p &init_task"])
    good = sum(len(a) > 0 and "rror" not in a[0] and
               "Cannot access" not in "\n".join(a) for a in answers)
    if good < len(answers) // 2:
        wrong.append("%d of %d could be asked" % (good, len(answers)))
    tap.ok("symbols, frames and memory are there", wrong)


def question(tap, qemu, out, stub, hpt, symbols, word):
    linux = word == "ready"
    console = qemu.wait_for(word)
    saved = os.path.join(out, "guest.mig")
    msr = stopped(qemu, linux, os.path.join(out, "scratch"))
    fill(stub, symbols, len(msr), os.path.join(out, "filled"))
    qemu.migrate(saved)
    asked = [(0, "thread apply all bt"), (0, "info threads")]
    asked += [(i + 1, "info registers " + group) for i in range(len(msr))
              for group in GROUPS]
    asked += places(console, linux)
    commands = ["%s%s" % ("thread apply %d -q " % thread if thread else "",
                          command) for thread, command in asked]
    server = "remote | %s gdbserver %s" % (shlex.quote(hpt), shlex.quote(saved))
    theirs = gdb("remote " + stub, symbols, commands, os.path.join(out, "qemu.log"))
    ours = gdb(server, symbols, commands, os.path.join(out, "hpt.log"))
    compare(tap, qemu, (hpt, saved), ours, theirs, asked)
    interesting(tap, asked, theirs, linux)
    if linux:
        again = ["thread apply 1 -q " + command for thread, command in asked
                 if thread == 2 and re.match("x/.*(&|0xc0)", command)]
        other_thread(tap, theirs, gdb(server, symbols, again,
                                      os.path.join(out, "hpt-1.log")), asked)
        core_as_server(tap, hpt, out, saved, symbols, server)


def main():
    out, seconds, hpt, symbols, word = sys.argv[1:6]
    os.makedirs(out, exist_ok=True)
    tap = Tap()
    try:
        # The path of a socket must be short.
        with tempfile.TemporaryDirectory() as sockets:
            stub = os.path.join(sockets, "gdb")
            command = sys.argv[6:] + [
                "-chardev", "socket,id=gdb,path=%s,server=on,wait=off" % stub,
                "-gdb", "chardev:gdb"]
            with machine.Machine(command, os.path.join(out, "guest.console"),
                                 float(seconds)) as qemu:
                question(tap, qemu, out, stub, hpt, symbols, word)
    except (machine.Failed, subprocess.TimeoutExpired) as failure:
        tap.ok("the guest boots, is stopped and saved, and gdb asks",
               [str(failure)])
    for name, why in DIFFERENCES.items():
        print("# %s: %s" % (name, why))
    print("1..%d" % tap.count)
    return tap.failed > 0


sys.exit(main())
