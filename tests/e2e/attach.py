#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A job on a terminal of its own: typed to, left, returned to, resized, ended."""
import fcntl
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time

IMAGE = "image.tar"
RUN = pathlib.Path(os.environ["XDG_RUNTIME_DIR"]) / "pimage"
WAYS = sys.argv[1:]


def fail(text):
    print("failed:", text)
    sys.exit(1)


def within(seconds, what, ready):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            fail(f"{what}: not within {seconds} s" + (f"; the screen: {Terminal.last.text!r}" if Terminal.last else ""))
        time.sleep(0.01)


class Terminal:
    """A new pseudo-terminal with a program in it; what it prints collects in .text."""

    last = None

    def __init__(self, *command, rows=24):
        Terminal.last = self
        self.text = ""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))
            os.execvp(command[0], command)
        os.set_blocking(self.master, False)

    def resize(self, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))

    def local(self):
        return termios.tcgetattr(self.master)[3]

    def type(self, text):
        os.write(self.master, text.encode())

    def read(self):
        try:
            self.text += os.read(self.master, 65536).decode(errors="replace")
        except (BlockingIOError, OSError):
            pass

    def expect(self, pattern, seconds=10):
        def found():
            self.read()
            return re.search(pattern, self.text)

        within(seconds, f"'{pattern}'", found)

    def clear(self):
        self.read()
        self.text = ""

    def ends(self):
        self.read()
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self.status = os.waitstatus_to_exitcode(status)
        return pid != 0

    def end(self, status):
        within(10, "its end", self.ends)
        if self.status != status:
            fail(f"status {self.status} and not {status}: {self.text!r}")


def sockets():
    return sorted(os.listdir(RUN)) if RUN.exists() else []


def dump(pid):
    subprocess.run(["pdump", "--quiet", "--kill", str(pid), IMAGE], check=True)


def no_sockets():
    within(5, f"no socket left", lambda: not sockets())


def a_shell(way):
    """bash, a session leader with job control, is left and returned to."""
    first = Terminal("env", "TERM=dumb", "bash", "--norc")
    first.expect(r"\$ ")
    first.type("PS1='here> '; v=kept\n")
    first.expect(r"\nhere> ")
    dump(first.pid)
    first.end(-signal.SIGKILL)

    one = Terminal("prestore", "--pty", "--name=shell", f"--pids={way}", IMAGE, rows=30)
    within(10, "raw mode", lambda: not one.local() & termios.ICANON)
    one.type("echo $v; stty size\n")
    one.expect(r"\nkept\r")
    one.expect(r"\n30 80\r")
    one.resize(40)
    one.type("stty size; sleep 100\n")
    one.expect(r"\n40 80\r")
    time.sleep(0.2)
    one.type("\x1a")
    one.expect("Stopped.*sleep 100")
    one.type("jobs -l; tty\n")
    one.expect("Stopped +sleep 100")
    one.expect("/dev/pts/")
    one.type("\x1d")
    one.expect("detached; prestore --attach=shell returns")
    one.end(0)
    if not one.local() & termios.ICANON:
        fail("the terminal stays raw")
    two = Terminal("prestore", "--attach=shell", rows=50)
    two.expect("/dev/pts/.*\r\nhere> ")
    two.type("stty size\n")
    two.expect(r"\n50 80\r")
    pid = sockets()[0].split(".")[0]
    three = Terminal("prestore", f"--attach={pid}")
    three.expect("here> ")
    two.expect("another prestore is attached now")
    two.end(0)
    three.type("fg\n")
    three.expect("sleep 100")
    time.sleep(0.2)
    three.type("\x03")
    three.expect(r"\^C.*\nhere> $".replace(".", r"[^x]"))
    three.type("exit 7\n")
    three.end(7)
    no_sockets()


# A shell keeps its process id in mind, so it needs the old ones.
if "namespace" in WAYS:
    a_shell("namespace")
