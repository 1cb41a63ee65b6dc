# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Kernel stacks of a stopped Linux guest: the back chain, as QEMU's monitor
reads memory, and what gdb makes of it through QEMU's own stub.

A stack is as wanted if it is a kernel thread's and whole.  A CPU may also stop
in the first instructions of an interrupt, which have not stored the back chain
yet, or have a program's stack below the kernel's."""
import os
import random
import struct
import subprocess
import time

LINEAR, TEXT_END = 0xc000000000000000, 0xc000000002000000
FRAMES_MOST, FRAMES_LEAST = 64, 3

# Runs in gdb: the frames of each thread that stand on a kernel stack.
IN_GDB = """
import gdb
def kernel_frames():
    found = []
    for thread in sorted(gdb.selected_inferior().threads(), key=lambda t: t.ptid):
        thread.switch()
        frame = gdb.newest_frame()
        while frame is not None and frame.level() < %d:
            sp = int(frame.read_register("r1")) & (1 << 64) - 1
            if sp < %d:
                break
            found.append("%%d %%x %%x %%s" %% (thread.num - 1, frame.pc(), sp,
                                           frame.name()))
            try:
                frame = frame.older()
            except gdb.error:
                break
    return found
""" % (FRAMES_MOST, LINEAR)


def walk(qemu, cpu, scratch):
    """[(sp, back chain word, saved CR, saved LR)] to where it begins, or None."""
    sp, found = int(qemu.monitor("print/x $r1", cpu), 16), []
    while sp:
        if sp < LINEAR or sp % 16 or len(found) == FRAMES_MOST:
            return None
        data = qemu.memory(cpu, sp, 24, scratch)
        if data is None:
            return None
        found.append((sp, *struct.unpack("<QQQ", data)))
        sp = found[-1][1]
    # A frame's LR is its callee's to save, which a leaf does not do; the first did.
    whole = len(found) >= FRAMES_LEAST and LINEAR < found[-1][3] < TEXT_END
    return found if whole else None


def go_on(qemu):
    """Somewhat further: far enough to leave any place."""
    qemu.ask("cont")
    time.sleep(random.uniform(0, 0.02))


def ask_gdb(gdb, stub, vmlinux, scratch):
    """Lines "cpu pc sp name", newest frame first.  The guest stays stopped."""
    script = scratch + ".py"
    with open(script, "w") as file:
        file.write(IN_GDB + 'with open(%r, "w") as file:\n'
                   '    file.write("\\n".join(kernel_frames()) + "\\n")\n'
                   % scratch)
    # gdb's own end would have the guest run.
    done = subprocess.run([gdb, "-nx", "-batch", "-ex", "target remote " + stub,
                           "-ex", "source " + script, "-ex", "disconnect",
                           vmlinux], stdin=subprocess.DEVNULL, timeout=300,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    os.unlink(script)
    if not os.path.exists(scratch):
        raise OSError("gdb: " + done.stdout.decode(errors="replace"))
    with open(scratch) as file:
        text = file.read()
    os.unlink(scratch)
    return text
