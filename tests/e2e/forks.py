# SPDX-License-Identifier: MIT
"""A parent that loads much and forks children, who go on with what it has loaded: forks.py NUMBER."""
import hashlib
import os
import signal
import sys

loaded = os.urandom(4 << 20)
table = [{"number": i, "text": "x" * (i % 50), "pair": (i, -i)} for i in range(20000)]
number = int(sys.argv[1])


def wait_for_signal():
    while signal.sigwaitinfo({signal.SIGUSR1}).si_signo != signal.SIGUSR1:
        pass


def look(own):
    """Few objects are looked at: each one that is becomes a page of one's own, by its reference count."""
    row = table[own * 97 % len(table)]
    digest = hashlib.sha256(loaded)
    digest.update(b"%d %d" % (row["number"], len(row["text"])))
    return digest.digest()


signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
there, go = os.pipe(), os.pipe()
for i in range(number):
    if os.fork() == 0:
        os.close(go[1])
        table[i * 97 % len(table)]["number"] = -i
        seen = look(i)
        os.write(there[1], b"x")
        os.read(go[0], 1)
        os._exit(0 if look(i) == seen and table[i * 97 % len(table)]["number"] == -i else 1)
    os.read(there[0], 1)
seen = look(0)
print("ready", flush=True)
wait_for_signal()
failed = look(0) != seen
os.close(go[1])
for i in range(number):
    failed += os.waitpid(-1, 0)[1] != 0
print("failed" if failed else "all is well", flush=True)
sys.exit(failed)
