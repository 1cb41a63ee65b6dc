# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run QEMU on the guest with two disks, stop it when it is done; savevm, and migrate.

savevm.py OUTDIR QEMU-COMMAND...

Leaves second.kdump and second.elf, dumps of the guest's memory at the second of
two moments, and second.ram, its first 16 MiB; and one.qcow2, whose snapshots have the guest's state, and two.qcow2, whose
do not, made with the options in DISK; NAME.mig for each snapshot NAME is the migration file of the stopped
guest at the same moment. Between the snapshots the guest runs on.
"""
import os
import signal
import subprocess
import sys
import time

from save import Qemu, migrate, stop_parked, wait_for_done


def disks(out):
    """The images made, and QEMU's words for them."""
    words = []
    for name in ("one", "two"):
        path = os.path.join(out, name + ".qcow2")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o",
                        os.environ.get("DISK", "compat=1.1"), path, "64M"],
                       check=True)
        words += ["-drive", "if=none,id=%s,format=qcow2,file=%s"
                  % (name, path), "-device", "virtio-blk-pci,drive=" + name]
    return words


def savevm(qemu, name):
    said = qemu.monitor('savevm "%s"' % name).strip()
    if said:
        raise SystemExit("savevm.py: savevm %s: %s" % (name, said))


def dump(qemu, path, form):
    if os.path.exists(path):
        os.unlink(path)
    qemu.ask("dump-guest-memory", paging=False, protocol="file:" + path,
             format=form)


def main():
    out, command = sys.argv[1], sys.argv[2:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    console = os.path.join(out, "guest.console")
    if os.path.exists(console):
        os.unlink(console)
    qemu = Qemu(command + disks(out) + [
        "-chardev", "file,id=console,path=" + console,
        "-device", "spapr-vty,chardev=console"])
    try:
        stop_parked(qemu, wait_for_done(console))
        savevm(qemu, "first")
        migrate(qemu, os.path.join(out, "first.mig"))
        qemu.ask("cont")
        time.sleep(0.2)
        qemu.ask("stop")
        savevm(qemu, "second #2")
        migrate(qemu, os.path.join(out, "second.mig"))
        dump(qemu, os.path.join(out, "second.kdump"), "kdump-zlib")
        dump(qemu, os.path.join(out, "second.elf"), "elf")
        qemu.ask("pmemsave", val=0, size=16 << 20,
                 filename=os.path.join(out, "second.ram"))
    finally:
        qemu.end()


if __name__ == "__main__":
    main()
