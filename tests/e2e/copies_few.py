# SPDX-License-Identifier: MIT
"""Makes copies under each limit of processes from one on which they do not fit into to one that is enough.

As a user of whom there are no other processes, so that the limit is met where it is meant; and by a subreaper that collects no orphans before
prestore has ended.
"""
import ctypes
import os
import resource
import shutil
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
UID = 60771


def become(limit=None):
    def change():
        if limit:
            resource.setrlimit(resource.RLIMIT_NPROC, (limit, resource.getrlimit(resource.RLIMIT_NPROC)[1]))
        os.setgroups([])
        os.setgid(UID)
        os.setuid(UID)
    return change


def of_user():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{pid}").st_uid == UID and " Z " not in open(f"/proc/{pid}/stat").read():
                found.append(int(pid))
        except OSError:
            pass
    return found


def run(*command, limit=None):
    with open("err", "w") as err:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=err, stderr=err, preexec_fn=become(limit))
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        return "no end"


def collect():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def settle():
    """What is left when whatever ends has ended."""
    for _ in range(100):
        collect()
        left = of_user()
        if not left:
            break
        time.sleep(0.02)
    return left


def end_all():
    for pid in of_user():
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            pass
    if settle():
        sys.exit("failed: processes that do not end")


def main():
    os.mkdir("work")
    os.chmod("work", 0o777)
    os.chdir("work")
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if of_user():
        print(f"skip: user {UID} has processes already")
        sys.exit(77)
    target = subprocess.Popen([shutil.which("sleep"), "1000"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, preexec_fn=become(), start_new_session=True)
    if run("pdump", "--quiet", "--kill", str(target.pid), "image.tar"):
        sys.exit(f"failed: pdump: {open('err').read()}")
    target.wait()
    failed = 0
    for limit in range(2, 30):
        status = run("prestore", "--quiet", "--detach", "--copies=2", "--pids=namespace", "image.tar", limit=limit)
        if status == 0:
            end_all()
            break
        left, message = settle(), open("err").read()
        end_all()
        if status == "no end" or left:
            sys.exit(f"failed: with room for {limit} processes: status {status}, left {left}: {message}")
        failed += 1
    else:
        sys.exit(f"failed: never enough: {open('err').read()}")
    if failed < 4:
        sys.exit(f"failed: enough with room for {limit} processes")
    print(f"{failed} attempts failed for want of processes")


main()
