#!/bin/bash
# SPDX-License-Identifier: MIT
# Images of a real process, read, repacked, edited, damaged and compared; and its memory, read by a
# program that knows only the specification.
# time-out: 240
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need tar gzip zstd

# expect STATUS COMMAND...: the output stays in ./said.
expect() {
	local want=$1 got=0
	shift
	"$@" >said 2>&1 || got=$?
	[ "$got" = "$want" ] || fail "status $got instead of $want of: $*: $(tail -n 3 said)"
}
says() { grep -q -e "$1" said || fail "\"$1\" is not in: $(cat said)"; }

: >out
"$SUBJECTS/anonymous" </dev/null >>out 2>&1 &
target=$!
until_true 10 file_says ready out || fail "the subject does not start"
kill -STOP "$target"
until_true 5 grep -q "^State:.T" "/proc/$target/status" || fail "the subject does not stop"

# The same stopped process gives the same bytes.
export SOURCE_DATE_EPOCH=1700000000
must pdump --quiet "$target" job.tar
must pdump --quiet "$target" again.tar
cmp job.tar again.tar || fail "two dumps of a stopped process differ"
must pdump --quiet "$target" - >piped.tar
cmp job.tar piped.tar || fail "an image through a pipe differs"

# Every writable private mapping, by the reader in another language; but for the words of struct rseq
# that the kernel rewrites, which images hold as zeros.
pinspect cat job.tar "processes/$target/threads/$target.json" >thread.json
"$python3" - "$target" "$E2E/reader.py" <<'EOF' || fail "reader.py reads something else"
import json, subprocess, sys
pid, reader = sys.argv[1:]
memory = open(f"/proc/{pid}/mem", "rb")
rseq = int(json.load(open("thread.json")).get("rseq", {}).get("address", "0"), 0)
for line in open(f"/proc/{pid}/maps"):
    area, mode, *rest = line.split()
    start, end = (int(x, 16) for x in area.split("-"))
    if mode != "rw-p" or len(rest) > 3 and rest[3].startswith("/"):
        continue
    memory.seek(start)
    want = bytearray(memory.read(end - start))
    if start <= rseq < end:
        want[rseq - start:rseq - start + 8] = want[rseq - start + 20:rseq - start + 28] = bytes(8)
    read = [sys.executable, reader, "job.tar", pid, hex(start), str(end - start)]
    assert subprocess.check_output(read) == want, line
EOF
"$python3" "$E2E/reader.py" job.tar >said || fail "reader.py: $(cat said)"
says "^process $target .*anonymous"
kill -KILL "$target"
wait "$target" 2>/dev/null

expect 0 pinspect job.tar
says "1 process"
expect 0 pinspect --maps --fds --signals --threads --env job.tar
says "PIMAGE_TEST=$PIMAGE_TEST"
expect 0 pinspect verify job.tar
says "with its SHA-256"
expect 0 pinspect ls job.tar
says "processes/$target/pages/"
pinspect --json job.tar | "$python3" -c 'import json, sys; json.load(sys.stdin)["pimage.json"]' ||
	fail "--json is no JSON"

# The whole file compressed, and through pipes.
gzip -k job.tar
zstd -q job.tar
for file in job.tar.gz job.tar.zst; do
	expect 0 pinspect verify "$file"
	must pinspect diff job.tar "$file"
	expect 0 pinspect --env - <"$file"
	says "PIMAGE_TEST=$PIMAGE_TEST"
done
expect 0 pinspect verify - < <(cat job.tar)

# Unpacked and packed again it is the same image; by a tar, in any order, a repacked one.
must pinspect extract job.tar unpacked
(cd unpacked && tar -cf ../plain.tar .)
expect 0 pinspect verify plain.tar
says "repacked"
expect 0 pinspect diff --all job.tar plain.tar
must pinspect pack unpacked same.tar
cmp job.tar same.tar || fail "pack does not give the same image"
edit='s/"umask": [0-9]*/"umask": 63/'
sed -i "$edit" "unpacked/processes/$target/process.json"
must pinspect pack unpacked edited.tar
expect 1 pinspect diff job.tar edited.tar
says "process.json: umask: .* -> 63"
mkdir layout
must tar -xf job.tar -C layout
sed -i "$edit" "layout/processes/$target/process.json"
(cd layout && tar -cf ../sorted.tar --sort=name .)
(cd layout && tar -cf ../backwards.tar index.json processes blobs oci-layout pimage.json files)
command -v bsdtar >/dev/null && (cd layout && bsdtar -cf ../bsd.tar -- *)
for file in sorted.tar backwards.tar bsd.tar; do
	[ -e "$file" ] || continue
	expect 0 pinspect verify "$file"
	says "edited     processes/$target/process.json"
	expect 0 pinspect diff edited.tar "$file"
	expect 0 pinspect verify - < <(cat "$file")
done

# Records that are wrong are not packed, and nothing stands under the name.
sed -i 's/"umask"/"umusk"/' "unpacked/processes/$target/process.json"
expect 4 pinspect pack unpacked wrong.tar
says "processes/$target/process.json: .*umask"
[ ! -e wrong.tar ] || fail "wrong.tar was made"

# Damage is named.
place=$(grep -abo '"cwd"' job.tar | head -n 1 | cut -d: -f1)
cp job.tar bad.tar
printf X | dd of=bad.tar bs=1 seek="$((place + 9))" conv=notrunc status=none
expect 4 pinspect bad.tar
says "processes/$target/process.json"
expect 4 prestore bad.tar
size=$(stat -c %s job.tar)
for part in 3 10 50 90 99; do
	head -c "$((size * part / 100))" job.tar >bad.tar
	expect 4 pinspect verify bad.tar
	expect 4 pinspect verify - < <(cat bad.tar)
	expect 4 prestore bad.tar
done
for ((i = 0; i < 20; i++)); do
	cp job.tar bad.tar
	place=$(((RANDOM * 32768 + RANDOM) % size))
	byte=$(od -An -tu1 -j "$place" -N 1 job.tar)
	printf '%b' "\\x$(printf %x $((byte ^ 1 << RANDOM % 8)))" |
		dd of=bad.tar bs=1 seek="$place" conv=notrunc status=none
	# What is between the entries' data, and owners and times in headers, may be anything.
	if ! pinspect verify bad.tar >said 2>&1; then
		[ "$(pinspect verify bad.tar >/dev/null 2>&1; echo $?)" = 4 ] || fail "byte $place: $(cat said)"
	fi
done
echo "images: read, repacked, edited, damaged"
