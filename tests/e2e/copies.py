# SPDX-License-Identifier: MIT
"""A job that is to be restored several times over, and finds out whether it has its memory for itself.

copies.py MIB CHILDREN MARK: prints "ready" when it and its forked children have their memory. At SIGUSR1 each looks at all of it,
writes to some and gives some back; at the next SIGUSR1 it looks whether that is still as it has left it, and appends a line to the file
`finished`: "ok PROCESS", or what is wrong. MARK is for finding its processes.
"""
import hashlib
import mmap
import os
import signal
import sys
import threading

PIECE = 64 << 10


def piece_of(i):
    return hashlib.shake_128(b"%d" % i).digest(PIECE)


class Life:
    def __init__(self, mib):
        self.count = mib << 20 >> 16
        self.heap = [bytearray(piece_of(i)) for i in range(self.count)]
        self.map = mmap.mmap(-1, 2 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.map[:] = b"x" * len(self.map)
        self.locked = threading.Lock()
        self.locked.acquire()
        threading.Thread(target=self.second, daemon=True).start()

    def second(self):
        with self.locked:
            pass

    def begin(self):
        """What this one has written, no other may see; and what it gives back is zeros, not what the image says."""
        self.own = os.urandom(32) * (PIECE // 32)
        for i in range(self.count):
            if self.heap[i] != piece_of(i):
                return f"piece {i} is wrong"
        for i in range(0, self.count, 3):
            self.heap[i][:] = self.own
        if bytes(self.map) != b"x" * len(self.map):
            return "the mapping is wrong"
        self.map.madvise(mmap.MADV_DONTNEED, 0, 1 << 20)
        if bytes(self.map[:1 << 20]) != bytes(1 << 20):
            return "memory that was given back is not zero"
        self.map[1 << 20:] = self.own * ((1 << 20) // PIECE)
        return None

    def go_on(self):
        for i in range(self.count):
            if self.heap[i] != (piece_of(i) if i % 3 else self.own):
                return f"piece {i} has changed"
        if bytes(self.map) != bytes(1 << 20) + self.own * ((1 << 20) // PIECE):
            return "the mapping has changed"
        self.locked.release()
        return None


def live(life, process, told):
    for step in (life.begin, life.go_on):
        told()
        wrong = step()
        with open("began" if step == life.begin else "finished", "a") as out:
            out.write(f"{wrong or 'ok'} {process}\n")
        if wrong:
            os._exit(1)
    # In a namespace of its own the job ends with its first process.
    try:
        while process == 0:
            os.wait()
    except ChildProcessError:
        pass
    os._exit(0)


def main():
    # A handler of Python's does not run if its signal comes just before a call that waits: the next step could be sent too early for the last to begin.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    life = Life(int(sys.argv[1]))
    pipes = [os.pipe() for _ in range(int(sys.argv[2]))]
    for process, (told, _) in enumerate(pipes):
        if os.fork() == 0:
            life.heap[1] = bytearray(life.heap[1])
            os.write(1, b"ready\n")
            live(life, process + 1, lambda: os.read(told, 1))

    def told():
        signal.sigwait([signal.SIGUSR1])
        for _, tell in pipes:
            os.write(tell, b".")
    os.write(1, b"ready\n")
    live(life, 0, told)


main()
