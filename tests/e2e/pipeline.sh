#!/bin/bash
# SPDX-License-Identifier: MIT
# Five processes pass numbered and checksummed data on through pipes, each in its own manner: lines, blocks of odd sizes, splice(2), and
# packets (O_DIRECT). Killed in mid stream; not a byte is lost or comes twice.
# time-out: 180
. "$(dirname "$0")/lib.sh"
need perl
[ -x "$python3" ] || skip "python3 is not installed"
restore_ways=(--pids=auto --pids=new)

cat >source.pl <<'END'
my $sum = 0;
for my $n (1 .. 240000) {
    $sum = ($sum * 31 + $n * 7) % 1000003;
    print "$n $sum ", "x" x ($n % 200), "\n";
}
END
cat >check.pl <<'END'
my ($sum, $last) = (0, 0);
$| = 1 if $ARGV[0];
while (my $line = <STDIN>) {
    my ($n, $got, $rest) = split / /, $line;
    $sum = ($sum * 31 + $n * 7) % 1000003;
    die "line $. is: $line" if $n != ++$last || $got != $sum || length($rest) != $n % 200 + 1;
    print $line;
}
END
cat >blocks.py <<'END'
import os
size = 1
while data := os.read(0, size):
    while data:
        data = data[os.write(1, data[:7777]):]
    size = size * 5 % 70001
END
cat >splice.py <<'END'
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
while (n := libc.splice(0, None, 1, None, ctypes.c_size_t(50000), 0)) != 0:
    if n < 0:
        raise OSError(ctypes.get_errno(), "splice")
END
cat >packets.py <<'END'
import hashlib, os, sys

def packet(n):
    return b"%d " % n + hashlib.sha256(b"%d" % n).digest() * (n % 120 + 1)

def stage(name, source, sink):
    pid = os.fork()
    if pid:
        return pid
    for n in range(50000):
        data = os.read(source, 8192) if source >= 0 else packet(n)
        if data != packet(n):
            print(f"stage {name}: packet {n} is {len(data)} bytes: {data[:20]}", flush=True)
            os._exit(1)
        if sink >= 0:
            os.write(sink, data)
    os._exit(0)

source, children = -1, []
for name in range(5):
    ends = os.pipe2(os.O_DIRECT) if name < 4 else (-1, -1)
    children.append(stage(name, source, ends[1]))
    if source >= 0:
        os.close(source)
    if ends[1] >= 0:
        os.close(ends[1])
    source = ends[0]
print([os.wait()[1] for _ in children])  # they may come back under other numbers
END
lines="set -o pipefail; perl source.pl | perl check.pl | $python3 blocks.py | perl check.pl 1 | $python3 splice.py | sha256sum"
for job in "$lines" "exec $python3 packets.py"; do
	undisturbed bash -c "$job"
	grep -qe '-$' -e '\[0, 0, 0, 0, 0\]' want.out || fail "undisturbed: $(cat want.out)"
	come_back bash -c "$job"
done
