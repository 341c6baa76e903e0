#!/bin/bash
# SPDX-License-Identifier: MIT
# An image is unpacked, edited as text, packed again with any tar in any order, and compressed: the
# edit is in force.
. "$(dirname "$0")/lib.sh"
need tar

# back HOW IMAGE: restores, looks whether the edit is in force, lets the process end.
back() {
	rm -f pid
	prestore --quiet --detach --pidfile=pid "$2" 2>err || fail "$1: status $?: $(cat err)"
	local pid
	pid=$(cat pid)
	grep -q '^Umask:.0031' "/proc/$pid/status" || fail "$1: $(grep Umask "/proc/$pid/status")"
	[ "$(readlink "/proc/$pid/cwd")" = "$PWD/elsewhere" ] || fail "$1: cwd $(readlink "/proc/$pid/cwd")"
	grep -q '^Max core file size *4096 ' "/proc/$pid/limits" || fail "$1: $(cat "/proc/$pid/limits")"
	kill -USR1 "$pid"
	wait_gone "$pid" 20
	[ "$(tail -n 1 out)" = "done" ] || fail "$1: it came back as $(cat out)"
	cp out.saved out
}

: >out
mkdir elsewhere
(umask 022; ulimit -Sc 0; exec "$SUBJECTS/anonymous" </dev/null >>out 2>&1) &
target=$!
until_true 10 file_says ready out || fail "the subject does not start"
must pdump --quiet --kill "$target" image.tar
wait "$target" 2>/dev/null
cp -p out out.saved

mkdir dir
must tar -xf image.tar -C dir
"$python3" - dir/processes/*/process.json "$PWD/elsewhere" <<'END' || fail "process.json is not as expected"
import json, sys
path, cwd = sys.argv[1:]
process = json.load(open(path))
process["umask"] = "0031" if isinstance(process["umask"], str) else 0o31
process["cwd"] = cwd
for limit in process["limits"]:
    if "core" in str(limit["resource"]).lower():
        limit["soft"] = type(limit["soft"])(4096) if not isinstance(limit["soft"], str) else "0x1000"
        limit["hard"] = "0xffffffffffffffff" if isinstance(limit["hard"], str) else limit["hard"]
json.dump(process, open(path, "w"), indent=1)
END
(cd dir && tar -cf ../all.tar .) && back "GNU tar of ." all.tar
(cd dir && tar --sort=name -cf ../sorted.tar -- *) && back "GNU tar, sorted" sorted.tar
(cd dir && find . -type f | sort -r | tar --no-recursion -cf ../reverse.tar -T -) && back "GNU tar, reverse order" reverse.tar
(cd dir && find . -type f ! -path './blobs/*' ! -name oci-layout | tar --no-recursion -cf ../bare.tar -T -) &&
	back "without the OCI tail" bare.tar
(cd dir && tar --format=pax -cf ../pax.tar .) && back "GNU tar, pax" pax.tar
gzip -k all.tar && back gzip all.tar.gz
command -v zstd >/dev/null && zstd -q all.tar && back zstd all.tar.zst
if command -v bsdtar >/dev/null; then
	(cd dir && bsdtar -cf ../bsd.tar .) && back bsdtar bsd.tar
	(cd dir && bsdtar --format ustar -cf ../ustar.tar -- *) && back "bsdtar, ustar" ustar.tar
else
	echo "bsdtar is not installed: without it"
fi
rm -rf dir
must pinspect extract image.tar dir
sed -i 's/"umask": [0-9]*/"umask": 25/' dir/processes/*/process.json
must pinspect pack dir packed.tar
prestore --quiet --detach --pidfile=pid packed.tar 2>err || fail "pinspect pack: $(cat err)"
grep -q '^Umask:.0031' "/proc/$(cat pid)/status" || fail "pinspect pack: $(grep Umask "/proc/$(cat pid)/status")"
kill -KILL "$(cat pid)"
