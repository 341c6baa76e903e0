# SPDX-License-Identifier: MIT
"""Children who have what their parent had when it forked them, and does not have any more: siblings.py NUMBER."""
import hashlib
import os
import signal
import sys

SIZE = 2 << 20
number = int(sys.argv[1])
common = bytearray(os.urandom(SIZE))


def digest(memory):
    return hashlib.sha256(memory).digest()


def wait_for_signal():
    while signal.sigwaitinfo({signal.SIGUSR1}).si_signo != signal.SIGUSR1:
        pass


signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
there, go = os.pipe(), os.pipe()
for i in range(number):
    if os.fork() == 0:
        os.close(go[1])
        # A page of its own, and what it has read from elsewhere: the same bytes at an address of its own.
        common[i * 4096 + 100] ^= 0xFF
        other = bytearray(1 << 19)
        other[:] = hashlib.shake_256(b"other").digest(1 << 19)
        seen = digest(common), digest(other)
        os.write(there[1], b"x")
        os.read(go[0], 1)
        os._exit(0 if (digest(common), digest(other)) == seen else 1)
    os.read(there[0], 1)
common[:] = os.urandom(SIZE)
seen = digest(common)
print("ready", flush=True)
wait_for_signal()
failed = digest(common) != seen
os.close(go[1])
for i in range(number):
    failed += os.waitpid(-1, 0)[1] != 0
print("failed" if failed else "all is well", flush=True)
sys.exit(failed)
