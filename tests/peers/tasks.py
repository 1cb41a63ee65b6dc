# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The tasks in a core as drgn lists them: "pid comm", a line each.

tasks.py CORE VMLINUX
"""
import sys

import drgn
from drgn.helpers.linux.pid import for_each_task


def main():
    program = drgn.Program()
    program.set_core_dump(sys.argv[1])
    program.load_debug_info([sys.argv[2]])
    for task in for_each_task(program):
        print(task.pid.value_(), task.comm.string_().decode())


if __name__ == "__main__":
    main()
