# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""An emulated machine: its monitor (QMP) is on QEMU's standard input and
output, its console in a file."""
import json
import os
import select
import signal
import subprocess
import time


class Failed(Exception):
    pass


class Machine:
    """Ends with the "with" statement that made it, whatever happens."""

    def __init__(self, command, console, seconds):
        self.console, self.deadline = console, time.monotonic() + seconds
        self.command, self.process, self.buffer = command, None, b""
        # An end from outside takes the emulator along.
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, self.interrupted)

    @staticmethod
    def interrupted(*_):
        raise Failed("interrupted")

    def __enter__(self):
        open(self.console, "w").close()
        self.process = subprocess.Popen(
            self.command + ["-display", "none", "-no-reboot", "-serial",
                            "file:" + self.console, "-qmp", "stdio"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self.answer()
            self.ask("qmp_capabilities")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()

    def left(self, what):
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise Failed("out of time: " + what)
        return seconds

    def line(self):
        while b"\n" not in self.buffer:
            stdout = self.process.stdout
            ready = select.select([stdout], [], [], self.left("monitor"))[0]
            data = os.read(stdout.fileno(), 1 << 16) if ready else None
            if data == b"":
                raise Failed("the emulator ended")
            self.buffer += data or b""
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def answer(self):
        while True:
            message = json.loads(self.line())
            if "event" not in message:
                return message

    def ask(self, what, **arguments):
        """A QMP command; its error is a Failed."""
        request = {"execute": what, "arguments": arguments}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        message = self.answer()
        if "error" in message:
            raise Failed("%s: %s" % (what, message["error"]["desc"]))
        return message["return"]

    def monitor(self, line, cpu=0):
        """A command of the human monitor, for one CPU."""
        text = self.ask("human-monitor-command",
                        **{"command-line": line, "cpu-index": cpu})
        return text.replace("\r", "")

    def said(self):
        """The console's whole lines so far."""
        with open(self.console, errors="replace") as file:
            text = file.read().replace("\r", "")
        return text.split("\n")[:-1]

    def wait_for(self, start):
        """Until a line of the console begins with this."""
        while True:
            lines = self.said()
            if any(line.startswith(start) for line in lines):
                return lines
            for line in lines:
                if "Kernel panic" in line or line.startswith("wrong "):
                    raise Failed("the guest says: " + line)
            if self.process.poll() is not None:
                raise Failed("the emulator ended before '%s'" % start)
            time.sleep(min(0.1, self.left("no '%s' on the console" % start)))

    def memory(self, cpu, ea, length, scratch):
        """Bytes at an effective address, or None where QEMU would not."""
        signed = ea - (ea >> 63 << 64)
        try:
            self.ask("memsave", val=signed, size=length, filename=scratch,
                     **{"cpu-index": cpu})
            with open(scratch, "rb") as file:
                return file.read()
        except Failed as failure:
            if "nvalid addr" not in str(failure):
                raise
            return None
        finally:
            if os.path.exists(scratch):
                os.unlink(scratch)

    def migrate(self, path):
        """Its whole state to a file; the machine must be stopped."""
        self.ask("migrate", uri="exec:cat > '%s'" % path)
        while True:
            status = self.ask("query-migrate").get("status")
            if status == "completed":
                return
            if status in ("failed", "cancelled"):
                raise Failed("migration " + status)
            time.sleep(min(0.1, self.left("migration")))
