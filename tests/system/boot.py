# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run a machine until its console says that it is done.

boot.py CONSOLE SECONDS LINE QEMU-COMMAND...

LINE is what the last line of interest begins with.
"""
import sys

import machine


def main():
    console, seconds, last = sys.argv[1:4]
    try:
        with machine.Machine(sys.argv[4:], console, float(seconds)) as qemu:
            qemu.wait_for(last)
    except machine.Failed as failure:
        raise SystemExit("boot.py: %s" % failure)


main()
