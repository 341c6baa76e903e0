#!/bin/bash
# SPDX-License-Identifier: MIT
# The schemas and the tables of the specification are what the field tables say.
. "$(dirname "$0")/lib.sh"

generate=$BUILD/spec/generate
need zstd od
[ -x "$generate" ] || skip "$generate is not built"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tools/generate-spec "$generate" "$scratch" || complain "the specification cannot be generated"
for file in "$scratch"/*; do
	diff -u "spec/${file##*/}" "$file" | head -n 40 ||
		complain "spec/${file##*/} is not what the field tables say: make spec"
done
for file in spec/*.schema.json; do
	[ -e "$scratch/${file##*/}" ] || complain "$file belongs to no record: remove it"
done
done_guard
