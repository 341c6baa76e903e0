#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program whose terminal has settings of its own comes back on another terminal, which gets them, and
which has its old ones back when the program is over."""
import fcntl
import os
import pathlib
import pty
import signal
import struct
import subprocess
import sys
import termios
import time

IMAGE = "image.tar"


def fail(text):
    print("failed:", text)
    sys.exit(1)


def within(seconds, what, ready):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            fail(f"{what}: not within {seconds} s")
        time.sleep(0.01)


class Terminal:
    """A new pseudo-terminal with a program in it; what it prints collects in .text."""

    def __init__(self, command, prepare=None, rows=24):
        self.text = ""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))
            if prepare:
                prepare()
            os.execvp(command[0], command)
        os.set_blocking(self.master, False)

    def settings(self):
        return termios.tcgetattr(self.master)

    def shows(self, text):
        try:
            self.text += os.read(self.master, 65536).decode()
        except (BlockingIOError, OSError):
            pass
        return text in self.text

    def ends(self):
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self.status = os.waitstatus_to_exitcode(status)
        return pid != 0


def configure():
    settings = termios.tcgetattr(0)
    settings[3] &= ~termios.ECHO
    settings[6][termios.VINTR] = b"\x18"
    termios.tcsetattr(0, termios.TCSANOW, settings)
    os.dup2(os.open("/dev/tty", os.O_WRONLY), 5)


def written():
    return os.path.exists("pid") and os.path.getsize("pid")


def links(pid):
    return [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in (0, 1, 2, 5)]


first = Terminal(["./holder", "5"], configure)
within(10, "the program", lambda: first.shows("ready"))
subprocess.run(["pdump", "--quiet", "--kill", str(first.pid), IMAGE], check=True)
within(10, "its end", first.ends)

# Where users may not make namespaces, auto takes new ids.
for way in ("new", "auto"):
    spare = [Terminal(["sleep", "60"]) for _ in range(2)]  # so that the number is another one
    second = Terminal(["prestore", f"--pids={way}", "--pidfile=pid", IMAGE], rows=33)
    before = second.settings()
    within(10, "prestore", lambda: written() or second.ends())
    if hasattr(second, "status"):
        fail(f"prestore ended with {second.status}: {second.text}")
    pid = int(pathlib.Path("pid").read_text())
    within(5, "settings", lambda: not second.settings()[3] & termios.ECHO)
    if second.settings()[6][termios.VINTR] != b"\x18":
        fail(f"VINTR is {second.settings()[6][termios.VINTR]}")
    name = os.readlink(f"/proc/{second.pid}/fd/0")
    if links(pid) != [name, name, name, "/dev/tty"]:
        fail(f"descriptors are {links(pid)}, the terminal is {name}")
    os.kill(pid, signal.SIGUSR1)
    within(5, "output to /dev/tty", lambda: second.shows("to 5"))
    os.write(second.master, b"typed\n")
    within(5, "input", lambda: second.shows("typed"))
    os.write(second.master, b"\x04")
    within(5, "the end", lambda: second.shows("done") and second.ends())
    if second.status != 0:
        fail(f"prestore's status is {second.status}")
    if second.settings()[3] != before[3] or second.settings()[6] != before[6]:
        fail("the terminal has not its old settings")
    pathlib.Path("pid").unlink()
    for terminal in spare:
        os.kill(terminal.pid, signal.SIGKILL)

# With --no-pty and no terminal 0 to 2 are prestore's own; the other descriptor has to be named.
alone = subprocess.run(["setsid", "prestore", "--no-pty", IMAGE], stdin=subprocess.DEVNULL, capture_output=True, text=True)
if alone.returncode == 0 or "fd 5: it was a terminal, and prestore has none" not in alone.stderr:
    fail(f"not refused without a terminal: {alone.stderr}")
alone = subprocess.Popen(["setsid", "prestore", "--no-pty", "--quiet", "--pidfile=pid", "--fd", "5=null", IMAGE],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
within(10, "prestore", lambda: written() or alone.poll() is not None)
os.kill(int(pathlib.Path("pid").read_text()), signal.SIGUSR1)
output, _ = alone.communicate(timeout=10)
if output != "done\n":
    fail(f"without a terminal the output is {output!r}")
