#!/bin/bash
# SPDX-License-Identifier: MIT
# Images without digests: complete and restorable, no OCI artifact; the same bytes of page data, to a file,
# a pipe and behind what is in a file already; digests come by unpacking and packing.
# time-out: 120
. "$(dirname "$0")/lib.sh"

# Pages that compress, that do not, and zeros; its checksum on demand.
cat >program.py <<'END'
import hashlib, os, signal, sys
data = [os.urandom(3 << 20), b"text %d " * 400000, bytes(2 << 20), os.urandom(100000)]
signal.signal(signal.SIGUSR1, lambda *_: (print(hashlib.md5(b"".join(data)).hexdigest(), flush=True)))
print("ready", flush=True)
while True:
    signal.pause()
END
: >out
"$python3" program.py >>out 2>&1 </dev/null &
target=$!
until_true 20 file_says ready out || fail "it does not start: $(cat out)"
kill -USR1 $target
until_true 20 grep -Eq '^[0-9a-f]{32}$' out || fail "no checksum: $(cat out)"
sum=$(tail -1 out)
kill -STOP $target
export SOURCE_DATE_EPOCH=1

echo "== whatever the output and the threads, the bytes are the same"
must pdump --quiet $target file.tar
must pdump --quiet --threads=1 $target one.tar
must pdump --quiet --threads=5 $target five.tar
pdump --quiet $target - | cat >pipe.tar || fail "status $? of pdump to a pipe"
printf 'before' >behind
pdump --quiet $target - 1<>behind >&1 || fail "status $? of pdump into a file"
{ printf 'before'; pdump --quiet $target -; } >behind || fail "status $? of pdump behind something"
printf 'before' >append
pdump --quiet $target - >>append || fail "status $? of pdump to the end of a file"
tail -c +7 behind >behind.tar
tail -c +7 append >append.tar
for other in one five pipe behind append; do
	must cmp file.tar $other.tar
done

echo "== without digests"
must pdump --quiet --digest=none $target none.tar
must pdump --quiet --digest=none --compress=none $target raw.tar
must tar -tf none.tar >names
grep -E 'oci-layout|blobs' names && fail "it has an OCI tail"
must pinspect verify none.tar >said
grep -q '^digests    none' said || fail "verify does not say so: $(cat said)"
must pinspect verify raw.tar >said
for image in none raw; do
	must tar -xf $image.tar --one-top-level=$image
	must pinspect pack $image $image.packed.tar
	must pinspect verify $image.packed.tar >said
	grep -q '^digests' said && fail "pack adds no digests: $(cat said)"
	rm -r $image
done
must cmp none.packed.tar file.tar
kill -KILL $target
wait $target 2>/dev/null

echo "== and restored"
said=1
told() { [ "$(grep -c "^$sum" out)" = $((said + 1)) ]; }
for image in none raw raw.packed; do
	must prestore --quiet --detach --pidfile=pid $image.tar
	kill -CONT "$(cat pid)"
	kill -USR1 "$(cat pid)"
	until_true 20 told || fail "$image: other memory: $(cat out)"
	said=$((said + 1))
	kill -KILL "$(cat pid)"
	wait_gone "$(cat pid)"
done

echo "== one that was cut off"
truncate -s -2048 none.tar
pinspect verify none.tar >said 2>&1 && fail "it passes"
exit 0
