# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run the guest on each of some machine types, and save it in some ways.

machines.py OUTDIR QEMU-COMMAND...

The command's machine type, the first word with "pseries-7.2", is replaced.
Leaves VERSION.mig for each VERSION; and of 7.2, stopped, background.mig, a
snapshot in the background, and postcopy.mig, one that allows postcopy.
"""
import os
import signal
import sys
import time

from save import Qemu, migrate, stop_parked, wait_for_done

VERSIONS = ("2.12", "3.0", "3.1", "4.0", "4.2", "5.1", "6.0", "6.2", "7.1", "7.2")


def again(qemu, capability, state):
    """Once it was migrated a guest must have run to be migrated again: it is where it was."""
    qemu.ask("cont")
    qemu.ask("stop")
    qemu.ask("migrate-set-capabilities",
             capabilities=[{"capability": capability, "state": state}])


def migrate_postcopy(qemu, path):
    """QEMU waits for its destination's word, which a file does not give: see when it is done."""
    qemu.ask("migrate", uri="exec:cat > '%s'" % path)
    size = still = 0
    while still < 10:
        time.sleep(0.2)
        before, size = size, os.path.getsize(path) if os.path.exists(path) else 0
        still = still + 1 if size and size == before else 0


def save_all(qemu, out, version):
    migrate(qemu, os.path.join(out, version + ".mig"))
    if version != "7.2":
        return
    again(qemu, "background-snapshot", True)
    migrate(qemu, os.path.join(out, "background.mig"))
    again(qemu, "background-snapshot", False)
    qemu.ask("migrate-set-capabilities",
             capabilities=[{"capability": "postcopy-ram", "state": True}])
    migrate_postcopy(qemu, os.path.join(out, "postcopy.mig"))


def run(out, version, command):
    console = os.path.join(out, "guest.console")
    if os.path.exists(console):
        os.unlink(console)
    qemu = Qemu([word.replace("pseries-7.2", "pseries-" + version) for word in command]
                + ["-chardev", "file,id=console,path=" + console,
                   "-device", "spapr-vty,chardev=console"])
    try:
        stop_parked(qemu, wait_for_done(console))
        save_all(qemu, out, version)
    finally:
        qemu.end()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for version in VERSIONS:
        run(sys.argv[1], version, sys.argv[2:])


if __name__ == "__main__":
    main()
