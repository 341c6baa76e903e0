#!/bin/bash
# SPDX-License-Identifier: MIT
# An image is an OCI archive: stock skopeo copies the very file, the digest of the manifest stays, and
# what comes back from a registry, where entries have no names but their digests, restores.
. "$(dirname "$0")/lib.sh"
need skopeo tar

# The digest of a manifest, by the index of a layout.
manifest_of() {
	"$python3" -c 'import json, sys; print(json.load(sys.stdin)["manifests"][0]["digest"])'
}

# blobs_are_right DIRECTORY: each is what its name says.
blobs_are_right() {
	local blob
	for blob in "$1"/blobs/sha256/*; do
		[ "$(sha256sum <"$blob")" = "${blob##*/}  -" ] || fail "$blob is not what its name says"
	done
}

: >out
"$SUBJECTS/anonymous" </dev/null >>out 2>&1 &
target=$!
until_true 10 file_says ready out || fail "the subject does not start"
must pdump --quiet --kill "$target" job.tar
wait "$target" 2>/dev/null

want=$(tar -xOf job.tar index.json | manifest_of)
must skopeo --insecure-policy copy -q oci-archive:job.tar oci:pulled
[ "$(manifest_of <pulled/index.json)" = "$want" ] || fail "oci: has another manifest than $want"
blobs_are_right pulled
must skopeo --insecure-policy copy -q oci:pulled oci-archive:again.tar
[ "$(tar -xOf again.tar index.json | manifest_of)" = "$want" ] || fail "oci-archive: has another manifest"
skopeo --insecure-policy inspect --raw oci-archive:job.tar | sha256sum | grep -q "^${want#sha256:} " ||
	fail "skopeo inspect shows another manifest"

# Unpacked, the image itself is a layout too.
mkdir layout
must tar -xf job.tar -C layout
must skopeo --insecure-policy copy -q oci:layout oci:copied
[ "$(manifest_of <copied/index.json)" = "$want" ] || fail "the unpacked image has another manifest"

[ -e pulled/pimage.json ] && fail "skopeo has kept the names: nothing is tested"
must tar -C pulled -cf pulled.tar .
must tar -C pulled --sort=name -czf pulled.tar.gz .
for image in pulled.tar pulled.tar.gz again.tar; do
	must pinspect verify "$image"
	must pinspect diff job.tar "$image"
	for how in file pipe; do
		cp -p out saved
		case $how in
		file) must prestore --quiet --detach --pidfile=pid "$image" ;;
		pipe) dd status=none if="$image" | prestore --quiet --detach --pidfile=pid - || fail "dd | prestore -" ;;
		esac
		kill -USR1 "$(cat pid)"
		wait_gone "$(cat pid)" 20
		[ "$(tail -n 1 out)" = "done" ] || fail "$image from a $how came back as: $(cat out)"
		cp -p saved out
		rm pid
	done
done
