#!/bin/bash
# SPDX-License-Identifier: MIT
# No object has data that can be written: no state hides between calls.
. "$(dirname "$0")/lib.sh"

need objdump
found=0
for folder in $product; do
	[ -d "$BUILD/$folder" ] || continue
	mapfile -t objects < <(sources '*.o' "$BUILD/$folder")
	[ ${#objects[@]} -gt 0 ] || continue
	found=1
	# .data.rel.ro holds constant pointers, which are written once at start.
	objdump -h "${objects[@]}" | awk '
		/file format/ { object = $1 }
		$2 ~ /^\.(data|bss|tdata|tbss)/ && $2 !~ /^\.data\.rel\.ro/ && $3 !~ /^0*$/ {
			print object " " $2 " has 0x" $3 " bytes"; bad = 1 }
		END { exit bad }' || complain "file-scope variables must be const"
done
[ "$found" = 1 ] || skip "nothing is built in $BUILD"
done_guard
