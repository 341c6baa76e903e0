# SPDX-License-Identifier: MIT
"""Ten children that wait, each with a file of its own and one with sockets; SIGUSR1 lets them tell what they have, and end.

With the argument `holder`, something else: a process that holds the sockets' names.
"""
import mmap
import os
import signal
import socket
import sys

NAMES = [os.environ["PIMAGE_TEST"] + "/socket", "\0pimage" + os.environ["PIMAGE_TEST"]]
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])


def listen(name):
    listener = socket.socket(socket.AF_UNIX)
    if os.path.exists(name):
        os.unlink(name)
    listener.bind(name)
    listener.listen()
    return listener


def child(number):
    have = [open(f"file{number}"), mmap.mmap(-1, 64 << 20 if number == 7 else 4096)]
    if number == 5:
        have += [listen(name) for name in NAMES]
    with open("ready", "a") as ready:
        print(number, file=ready)
    signal.sigwait([signal.SIGUSR1])
    print(f"child {number} has {have[0].read().strip()}", flush=True)
    os._exit(0)


if "holder" in sys.argv:
    held = [listen(name) for name in NAMES]
    print("holds", flush=True)
    signal.pause()
children = []
for number in range(1, 11):
    pid = os.fork()
    if pid == 0:
        child(number)
    children.append(pid)
print("children", *children, flush=True)
signal.sigwait([signal.SIGUSR1])
for pid in children:
    os.kill(pid, signal.SIGUSR1)
print("ended with", [os.waitpid(pid, 0)[1] for pid in children])
