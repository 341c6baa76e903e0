#!/bin/bash
# SPDX-License-Identifier: MIT
# CPython: primes and a plain counting loop, written to a file line by line.
# time-out: 180
. "$(dirname "$0")/lib.sh"
[ -x "$python3" ] || skip "python3 is not installed"

cat >job.py <<'END'
import hashlib, sys

def is_prime(n):
    for p in primes:
        if p * p > n:
            return True
        if n % p == 0:
            return False
    return True

primes, total, digest = [], 0, hashlib.sha256()
with open(sys.argv[1], "w") as out:
    n = 2
    while len(primes) < 30000:
        if is_prime(n):
            primes.append(n)
            digest.update(b"%d" % n)
            print(n, file=out, flush=len(primes) % 10 == 0)
        n += 1
    for i in range(3000000):
        total += i & 7
    print(total, digest.hexdigest(), file=out)
print("end", total)
END
undisturbed "$python3" job.py got
mv got want
check() { cmp want got && rm got || fail "the file differs from an undisturbed run"; }
come_back "$python3" job.py got
