# SPDX-License-Identifier: MIT
"""Kills prestore at moments all over its work: either nothing is there, or the whole process is.

kill_restore.py IMAGE RUNS OPTION...
"""
import ctypes
import glob
import os
import random
import signal
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
MARK = b"PIMAGE_TEST=" + os.environ["PIMAGE_TEST"].encode()


def processes():
    found = set()
    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            if MARK in open(path, "rb").read().split(b"\0"):
                found.add(int(path.split("/")[2]))
        except OSError:
            pass
    return found


def state(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"


def restore(command, limit):
    """Returns whether it ended by itself."""
    with open("kill.err", "w") as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    if process.returncode:
        sys.exit(f"failed: prestore: {open('kill.err').read()}")
    return True


def all_ended():
    """Orphans end here: what has no child any more has left nothing."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def settle(before, limit):
    """What is left of it once what dies has died: the processes that live."""
    for turn in range(400):
        if all_ended():
            return set()
        time.sleep(0.003)
        left = processes() - before if turn > 20 else set()
        if left and all(state(pid) in "RS" for pid in left):
            return left
    sys.exit(f"failed: killed after {limit * 1e3:.2f} ms: left are {'; '.join(map(describe, left))}")


def describe(pid):
    def read(name):
        try:
            return open(f"/proc/{pid}/{name}").read().strip()
        except OSError as error:
            return error.strerror
    status = dict(line.split(":", 1) for line in read("status").splitlines() if ":" in line)
    return f"{pid} {read('comm')} {status.get('State')} in {read('syscall')}, parent {status.get('PPid')}, " \
           f"traced by {status.get('TracerPid')}"


def check_whole(left, limit):
    """What lives must be the process as it was, not half of it; or about to die with prestore. Returns whether it lives."""
    try:
        os.kill(int(open("kill.pid").read()), signal.SIGUSR1)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        pass
    for _ in range(600):
        if all_ended():
            return open("out").read().split()[-1] == "done"
        time.sleep(0.005)
    sys.exit(f"failed: killed after {limit * 1e3:.2f} ms: left are {'; '.join(map(describe, left))}")


def main():
    image, runs, options = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    command = ["prestore", "--quiet", "--detach", "--pidfile=kill.pid", *options, image]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = processes()
    out = open("out").read()
    whole = killed = lived = 0
    while killed < runs:
        limit = whole * (killed + random.random()) / runs if whole else 30
        for old in glob.glob("kill.pid"):
            os.unlink(old)
        began = time.monotonic()
        if not restore(command, limit):
            killed += 1
        elif whole:
            whole *= 0.99
        else:
            whole = time.monotonic() - began
        left = settle(before, limit)
        lived += bool(left) and check_whole(left, limit)
        with open("out", "r+") as file:  # in place: it must be the file that was dumped
            file.truncate(len(out))
    print(f"{' '.join(options)}: {killed} restores were killed, spread over {whole * 1e3:.1f} ms; "
          f"{lived} times the process was there already")


main()
