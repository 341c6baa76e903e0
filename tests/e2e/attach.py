#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A job on a terminal of its own: typed to, left, returned to, resized, ended."""
import ctypes
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

PR_SET_CHILD_SUBREAPER = 36
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
            if Terminal.last:
                Terminal.last.read()
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
        os.set_inheritable(self.master, False)

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


def children(pid):
    return [int(p) for p in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()]


def spread():
    """prestore keeps to one processor for a while: nobody of this test is left bound to it."""
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            mine = f"PIMAGE_TEST={os.environ['PIMAGE_TEST']}\0" in (path / "environ").read_text(errors="replace")
            cpus = os.sched_getaffinity(int(path.name)) if mine else None
        except (OSError, PermissionError):
            continue
        if cpus and cpus != os.sched_getaffinity(0):
            fail(f"process {path.name} ({(path / 'comm').read_text().strip()}) is bound to {cpus}")


def dump(pid):
    orphans = children(pid)
    subprocess.run(["pdump", "--quiet", "--kill", str(pid), IMAGE], check=True)
    for orphan in orphans:  # their numbers are free when somebody reaps them, and that is us
        os.waitpid(orphan, 0)


def no_sockets():
    within(5, f"no socket left", lambda: not sockets())


def a_shell(way):
    """bash, a session leader with job control, is left and returned to."""
    first = Terminal("env", "TERM=dumb", "bash", "--norc")
    first.expect("[$#] ")
    first.type("PS1='here> '; v=kept\n")
    first.expect(r"\nhere> ")
    first.type("sleep 300 & cat | cat\n")
    within(10, "cat", lambda: "cat" in subprocess.run(["ps", "-o", "comm=", "--ppid", str(first.pid)], capture_output=True,
                                                      text=True).stdout.split())
    within(10, "lines", lambda: first.local() & termios.ICANON)
    first.type("before\n")
    first.expect(r"before\r\nbefore\r\n")
    dump(first.pid)
    first.end(-signal.SIGKILL)

    one = Terminal("prestore", "--pty", "--name=shell", f"--pids={way}", IMAGE, rows=30)
    within(10, "raw mode", lambda: not one.local() & termios.ICANON)
    one.type("after\n")
    one.expect(r"after\r\nafter\r\n")
    spread()
    one.type("\x03")
    one.expect("here> $")
    one.type("kill %1; wait %1; echo ended $?; echo $v; stty size\n")
    one.expect("\nended 143")
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
    three.type("prestore --attach=shell; echo itself $?\n")
    three.expect("that is the terminal here[^x]*itself 2")
    three.type("fg\n")
    three.expect("sleep 100")
    time.sleep(0.2)
    three.type("\x03")
    three.expect(r"\^C.*\nhere> $".replace(".", r"[^x]"))
    three.type("exit 7\n")
    three.end(7)
    no_sockets()


def start_holder():
    """A process that leads no session: the shell that has started it is not saved."""
    shell = Terminal("sh", "-c", "./holder 2; :")
    shell.expect("ready")
    return shell, children(shell.pid)[0]


def pid_of(pidfile="pid"):
    within(10, "a pidfile", lambda: os.path.exists(pidfile) and os.path.getsize(pidfile))
    return int(pathlib.Path(pidfile).read_text())


def is_gone(pid):
    try:
        return "\nState:\tZ" in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def gone(pid):
    within(10, f"the end of {pid}", lambda: is_gone(pid))
    pathlib.Path("pid").unlink()
    no_sockets()


def alone(*arguments, **streams):
    """prestore without a terminal."""
    return subprocess.Popen(["setsid", "--wait", "prestore", "--pidfile=pid", *arguments, IMAGE], text=True,
                            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams})


def keeper_of(pid):
    while True:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        pid = int(re.search(r"\nPPid:\t(\d+)", status)[1])
        if "/prestore" in os.readlink(f"/proc/{pid}/exe") and "State:" in status and os.getsid(pid) == pid:
            return pid


def a_plain_job(way):
    """Restored from a script that leaves it; then from one that waits for it; then it is hung up."""
    shell, pid = start_holder()
    dump(pid)
    shell.end(0)

    # --detach, by itself on a terminal of its own; found by the pidfile.
    out, err = alone("--detach", f"--pids={way}").communicate(timeout=20)
    pid = pid_of()
    if f"pid {pid}\n" not in err or f"prestore --attach={pid} returns" not in err:
        fail(f"--detach says {err!r}")
    one = Terminal("prestore", "--attach=pid", "--detach-key=^A")
    within(10, "raw mode", lambda: not one.local() & termios.ICANON)
    os.kill(pid, signal.SIGUSR1)
    one.expect("to 2\r\n")
    one.type("typed\n")
    one.expect("typed\r\ntyped\r\n")
    one.type("\x01")
    one.end(0)
    # Killed instead of told to leave: it is the same for the job. What is typed meanwhile and what was there is seen again.
    two = Terminal("prestore", f"--attach={pid}")
    two.expect("typed\r\ntyped\r\n")
    os.kill(two.pid, signal.SIGKILL)
    two.end(-signal.SIGKILL)
    three = Terminal("prestore", f"--attach={pid}")
    three.expect("typed\r\ntyped\r\n")
    os.kill(three.pid, signal.SIGTERM)
    three.expect("detached")
    three.end(0)
    four = Terminal("prestore", f"--attach={pid}")
    four.expect("typed")
    four.type("\x04")
    four.expect("done")
    four.end(0)
    gone(pid)

    # In the foreground of a script: output and status are the job's, also while somebody else looks at it.
    script = alone("--quiet", f"--pids={way}", stdin=subprocess.PIPE)
    pid = pid_of()
    script.stdin.write("from the script\n")
    script.stdin.flush()
    os.kill(pid, signal.SIGUSR1)
    five = Terminal("prestore", f"--attach={pid}")
    five.expect("from the script\r\n(to 2\r\n)?from the script\r\n")
    os.kill(pid, signal.SIGTERM)
    five.end(-signal.SIGTERM)
    out, err = script.communicate(timeout=10)
    if script.returncode != 128 + signal.SIGTERM and script.returncode != -signal.SIGTERM:
        fail(f"the script sees status {script.returncode}: {err}")
    gone(pid)

    # SIGTERM to a prestore in a script is for the job.
    script = alone("--quiet", f"--pids={way}")
    pid = pid_of()
    within(10, "a socket", sockets)
    prestore = int(subprocess.run(["pgrep", "-P", str(script.pid), "prestore"], capture_output=True, text=True).stdout)
    os.kill(prestore, signal.SIGTERM)
    script.communicate(timeout=10)
    gone(pid)

    # What is left stopped goes on when somebody attaches.
    alone("--detach", "--stopped", f"--pids={way}").communicate(timeout=20)
    pid = pid_of()
    within(5, "it is stopped", lambda: "\nState:\tT" in pathlib.Path(f"/proc/{pid}/status").read_text())
    waker = Terminal("prestore", f"--attach={pid}")
    within(5, "it goes on", lambda: "\nState:\tT" not in pathlib.Path(f"/proc/{pid}/status").read_text())
    os.kill(pid, signal.SIGUSR1)
    waker.expect("to 2")
    waker.type("\x04")
    waker.expect("done")
    waker.end(0)
    gone(pid)

    # The keeper is told to end: as when a window is closed.
    six = Terminal("prestore", "--pty", "--pidfile=pid", f"--pids={way}", IMAGE)
    pid = pid_of()
    within(10, "raw mode", lambda: not six.local() & termios.ICANON)
    os.kill(keeper_of(pid), signal.SIGTERM)
    six.expect("the keeper of the terminal of process")
    six.end(7)
    gone(pid)
    # Killed, it leaves a socket, which who looks for another removes.
    seven = Terminal("prestore", "--pty", "--pidfile=pid", f"--pids={way}", IMAGE)
    pid = pid_of()
    within(10, "raw mode", lambda: not seven.local() & termios.ICANON)
    os.kill(keeper_of(pid), signal.SIGKILL)
    seven.end(7)
    eight = Terminal("prestore", "--attach=nothing")
    eight.expect("no job of this name, process id or pidfile with a terminal of its own\r\n")
    eight.end(2)
    gone(pid)


def is_ours(pid):
    try:
        return f"PIMAGE_TEST={os.environ['PIMAGE_TEST']}" in pathlib.Path(f"/proc/{pid}/environ").read_text().split("\0")
    except OSError:
        return False


def a_failure(way):
    """In the last moment: nothing is left, and the status and the message are prestore's."""
    late = Terminal("prestore", "--pty", f"--pids={way}", "--pidfile=/nowhere/pid", IMAGE)
    late.expect("cannot write /nowhere/pid")
    late.end(1)
    # A place for the socket that is not the user's alone: it is told before anything is made.
    RUN.chmod(0o755)
    early = Terminal("prestore", "--pty", f"--pids={way}", IMAGE)
    early.expect("In the way")
    early.expect("is no directory of this user that nobody else may enter")
    early.end(6)
    RUN.chmod(0o700)
    no_sockets()
    holders = subprocess.run(["pgrep", "-x", "holder"], capture_output=True, text=True).stdout.split()
    mine = [p for p in holders if not is_gone(p) and is_ours(p)]
    if mine:
        fail(f"processes are left: {mine}")


def a_stop(way):
    """^Z within the terminal stops prestore, too; the shell that sees it continues both."""
    shell = Terminal("env", "TERM=dumb", "bash", "--norc")
    shell.expect("[$#] ")
    shell.type(f"PS1='here> '; prestore --pty --pidfile=pid --pids={way} {IMAGE}\n")
    pid = pid_of()
    within(10, "raw mode", lambda: not shell.local() & termios.ICANON)
    shell.type("\x1a")
    shell.expect("Stopped +prestore")
    within(5, "the job stops", lambda: "\nState:\tT" in pathlib.Path(f"/proc/{pid}/status").read_text())
    shell.clear()
    shell.type("fg\n")
    shell.expect("prestore --pty")
    within(5, "the job goes on", lambda: "\nState:\tT" not in pathlib.Path(f"/proc/{pid}/status").read_text())
    within(10, "raw mode", lambda: not shell.local() & termios.ICANON)
    shell.type("\x1a")
    shell.expect("Stopped +prestore")
    shell.type("kill %1\n")
    shell.expect("detached")
    shell.type("prestore --attach=pid\n")
    within(5, "the job goes on", lambda: "\nState:\tT" not in pathlib.Path(f"/proc/{pid}/status").read_text())
    within(10, "raw mode", lambda: not shell.local() & termios.ICANON)
    shell.clear()
    os.kill(pid, signal.SIGUSR1)
    shell.expect("to 2")
    shell.type("\x04")
    shell.expect("done[^x]*here> ")
    shell.type("exit 3\n")
    shell.end(3)
    gone(pid)


def a_job_without(way):
    """It had no terminal, and ends of pipes that are not saved: now it has one, and they are it."""
    job = subprocess.Popen(["./holder", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, start_new_session=True)
    job.stdout.readline()
    dump(job.pid)
    job.communicate()
    one = Terminal("prestore", "--pty", "--pidfile=pid", f"--pids={way}", IMAGE)
    pid = pid_of()
    within(10, "raw mode", lambda: not one.local() & termios.ICANON)
    os.kill(pid, signal.SIGUSR1)
    one.expect("to 1\r\n")
    if os.getsid(pid) != pid:
        fail("it leads its session no more")
    one.type("typed\n")
    one.expect("typed\r\ntyped")
    one.type("\x03")
    one.end(-signal.SIGINT)
    gone(pid)


def a_flood(way):
    """More than all buffers hold, both ways at once, and not a byte is lost; left, it goes on writing."""
    program = ("import os, tty\ntty.setraw(0)\nos.write(1, b'ready')\ndata = b''\n"
               "while b'\\x04' not in data:\n data = left = os.read(0, 65536)\n"
               " while left: left = left[os.write(1, left):]\n"
               "while True: os.write(1, b'x' * 1000)\n")
    first = Terminal(sys.executable, "-c", program)
    first.expect("ready")
    dump(first.pid)
    first.end(-signal.SIGKILL)
    one = Terminal("prestore", "--pty", "--pidfile=pid", f"--pids={way}", IMAGE)
    pid = pid_of()
    within(10, "raw mode", lambda: not one.local() & termios.ICANON)
    data = "".join(chr(33 + (i * 7 + i // 90) % 90) for i in range(400000))
    rest = data.encode()

    def through():
        nonlocal rest
        try:
            rest = rest[os.write(one.master, rest[:65536]):]
        except BlockingIOError:
            pass
        one.read()
        return not rest and len(one.text) >= len(data)

    within(30, "400000 bytes", through)
    if one.text != data:
        fail("what comes back is not what was typed")
    one.type("\x04")
    one.expect("x" * 5000)
    one.type("\x1d")
    one.expect("detached")
    one.end(0)
    two = Terminal("prestore", "--attach=pid")
    two.expect("x" * 100000)
    os.kill(pid, signal.SIGKILL)
    two.end(-signal.SIGKILL)
    gone(pid)


ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
for w in WAYS:
    # A shell keeps its process id in mind, so it needs the old ones. Those of orphans are free only when somebody reaps them.
    for part in (() if w == "new" else (a_shell,)) + \
                (() if w == "keep" else (a_plain_job, a_failure, a_stop, a_job_without, a_flood)):
        print(part.__name__, w, flush=True)
        part(w)
