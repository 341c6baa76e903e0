# SPDX-License-Identifier: MIT
"""Three processes with memory of their own, of which each looks at its own again and again when it is told to.

lazy.py MIB: prints "ready" when the memory is there; SIGUSR1 lets all begin. Every process appends "ok PROCESS" to the file
`finished` when it has seen all of it.
"""
import hashlib
import mmap
import os
import signal
import sys


def piece_of(process, i):
    return hashlib.shake_128(b"%d %d" % (process, i)).digest(256 << 10)


def memory(process, mib):
    return [bytearray(piece_of(process, i)) for i in range(4 * mib)]


def apart(process, mib):
    """The same in a mapping of its own, which does not become one with those that were there when children were born."""
    area = mmap.mmap(-1, mib << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    area.madvise(mmap.MADV_DONTDUMP)
    for i in range(4 * mib):
        area[i * (256 << 10):(i + 1) * (256 << 10)] = piece_of(process, 10000 + i)
    return area


def check_apart(process, area):
    for i in range(len(area) // (256 << 10)):
        if area[i * (256 << 10):(i + 1) * (256 << 10)] != piece_of(process, 10000 + i):
            os.write(2, b"process %d: piece %d apart is wrong\n" % (process, i))
            os._exit(1)


def check(process, pieces):
    for i, piece in enumerate(pieces):
        if piece != piece_of(process, i):
            os.write(2, b"process %d: piece %d is wrong\n" % (process, i))
            os._exit(1)


def life(process, mib, told):
    pieces = memory(process, mib)
    area = b"" if process else apart(process, 8)
    os.write(1, b"ready\n")
    os.read(told, 1)
    check(process, pieces)
    check_apart(process, area)
    # Born while memory is still to come, perhaps.
    child = os.fork()
    check(process, pieces)
    if not child:
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        os._exit(1)
    with open("finished", "a") as out:
        out.write(f"ok {process}\n")


def main():
    told, tell = os.pipe()
    children = []
    for process in (1, 2):
        child = os.fork()
        if not child:
            life(process, int(sys.argv[1]), told)
            os._exit(0)
        children.append(child)
    signal.signal(signal.SIGUSR1, lambda *_: os.write(tell, b"123"))
    life(0, int(sys.argv[1]), told)
    sys.exit(any([os.waitpid(child, 0)[1] for child in children]))


main()
