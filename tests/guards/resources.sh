#!/bin/bash
# SPDX-License-Identifier: MIT
# Everything in the one list has its files, a section in the specification, examples and tests.
. "$(dirname "$0")/lib.sh"

list() { sed -n "s/^$1(\([a-z_0-9]*\).*/\1/p" format/resources.def; }
records=$(list RECORD)
file_types=$(list FILE_TYPE)
if [ -z "$records" ] || [ -z "$file_types" ]; then complain "format/resources.def lists nothing"; fi

for name in $records $file_types; do
	for file in "format/$name.c" "format/$name.h" "dump/$name.c" "restore/$name.c" \
		"spec/$name.schema.json"; do
		[ -s "$file" ] || complain "$name has no $file"
	done
	grep -qxF "<!-- table: $name -->" spec/image-format.md ||
		complain "$name has no section in spec/image-format.md"
done
for name in $records; do
	compgen -G "spec/examples/good/$name*.json" >/dev/null ||
		complain "$name has no spec/examples/good/$name*.json"
done
# A subject says which objects it builds where its name does not.
for name in $file_types; do
	compgen -G "spec/examples/good/file-$name*.json" >/dev/null ||
		complain "$name has no spec/examples/good/file-$name*.json"
	compgen -G "tests/subject/$name*.c" >/dev/null ||
		grep -lqE "^[ *#]*Objects:.*\b$name\b" tests/subject/*.c tests/e2e/*.sh 2>/dev/null ||
		complain "$name has no tests/subject/$name*.c, nor one that says \"Objects: $name\""
done
done_guard
