#!/bin/bash
# SPDX-License-Identifier: MIT
# A reader in another language, written from the specification alone, finds the same in an image.
# time-out: 60
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need "$python3" zstd gzip tar

# 70 MiB, so that its pages are in two entries; half of it compresses.
cat >job.py <<'END'
import ctypes, os, sys, time
data = os.urandom(35 << 20) + bytes(range(256)) * (35 << 12)
buffer = ctypes.create_string_buffer(data, len(data))
open("want", "wb").write(data)
print(hex(ctypes.addressof(buffer)), flush=True)
time.sleep(1000)
END
"$python3" job.py >address </dev/null &
pid=$!
until_true 20 test -s address || fail "the program does not start"
must pdump --quiet "$pid" image.tar
sed 's/ .*//; s/^0*/0x/; s/-0*/-0x/' "/proc/$pid/maps" >want.maps
kill -9 "$pid"

# read_it IMAGE OFFSET...: the whole list, and memory there.
read_it() {
	must "$python3" "$E2E/reader.py" "$1" >list
	grep -q "^process $pid .*job.py" list || fail "$1: process $pid is not in the list: $(head -n 1 list)"
	sed -n 's/^\(0x[^ ]*\) .*/\1/p' list | cmp - want.maps || fail "$1: other VMAs than in /proc"
	local offset
	for offset in "${@:2}"; do
		must "$python3" "$E2E/reader.py" "$1" "$pid" $(($(cat address) + offset)) 80000 >got
		cmp got <(tail -c +$((offset + 1)) want | head -c 80000) ||
			fail "$1: the memory at offset $offset differs"
	done
}
# On both sides of the border between the entries, and over it.
border=$(((64 << 20) - 40000))
read_it image.tar 4095 $((35 << 20)) $border $(((70 << 20) - 80000))
gzip -1 <image.tar >image.tar.gz
must tar -tzf image.tar.gz >/dev/null
read_it image.tar.gz $border

# It notices damage, and takes what tar has packed again.
mkdir d
must tar -xf image.tar -C d
sed -i 's/"umask": [0-9]*/"umask": 63/' d/processes/*/process.json
must tar -cf packed.tar -C d .
read_it packed.tar $border
cp image.tar damaged.tar
at=$(grep -abo '"umask"' damaged.tar | head -n 1 | cut -d: -f1)
printf 'x' | dd of=damaged.tar bs=1 seek=$((at + 1)) conv=notrunc status=none
"$python3" "$E2E/reader.py" damaged.tar >/dev/null 2>message && fail "a damaged image was read"
grep -q "process.json is damaged" message || fail "the damage is not named: $(cat message)"
