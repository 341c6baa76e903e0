# SPDX-License-Identifier: MIT
"""Writes to all its pages, private ones, and changes nothing: but for one page of each kind that says how often. Its end tells whether all is as it was."""
import hashlib
import mmap
import os
import signal
import time

SIZE = 4 << 20
PAGE = 4096
private = bytearray(os.urandom(SIZE))
shared = mmap.mmap(-1, SIZE)
shared.write(os.urandom(SIZE))
fd = os.memfd_create("history")
memfd = mmap.mmap(fd, SIZE) if os.write(fd, os.urandom(SIZE)) == SIZE else None
count = 0


def digest():
    """Of all but the page at the middle of each."""
    total = hashlib.sha256()
    for memory in private, shared, memfd:
        view = memoryview(memory)
        total.update(view[: SIZE // 2])
        total.update(view[SIZE // 2 + 2 * PAGE :])
        view.release()
    return total.digest()


def end(*_):
    middle = SIZE // 2 + PAGE
    counts = {int.from_bytes(memory[middle : middle + 8], "little") for memory in (private, shared, memfd)}
    print("fine" if digest() == at_first and counts == {count} else "harmed", flush=True)
    os._exit(0)


at_first = digest()
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while True:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    count += 1
    for memory in private, shared, memfd:
        memory[SIZE // 2 + PAGE : SIZE // 2 + PAGE + 8] = count.to_bytes(8, "little")
    for at in range(0, SIZE, PAGE):
        private[at] = private[at]
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    time.sleep(0.05)
