#!/bin/bash
# SPDX-License-Identifier: MIT
# Node.js: an event loop with timers, worker threads of the library, and code compiled while it runs.
# time-out: 180
. "$(dirname "$0")/lib.sh"
need node

cat >job.js <<'END'
const fs = require('fs'), crypto = require('crypto');
let round = 0, digest = 'start';
function isPrime(n) { for (let d = 2; d * d <= n; d++) if (n % d === 0) return false; return n > 1; }
function step() {
  let found = 0;
  for (let n = round * 20000; n < (round + 1) * 20000; n++) found += isPrime(n) ? 1 : 0;
  crypto.pbkdf2(digest, String(found), 100, 32, 'sha256', (error, key) => {
    digest = key.toString('hex');
    fs.appendFileSync(process.argv[2], `${round} ${found} ${digest}\n`);
    if (++round < 120) setTimeout(step, 2); else console.log('end', digest);
  });
}
step();
END
undisturbed node job.js got
mv got want
check() { cmp want got && rm got || fail "the file differs from an undisturbed run"; }
come_back node job.js got
