#!/bin/bash
# SPDX-License-Identifier: MIT
# No object has data that can be written: no state hides between calls.
. "$(dirname "$0")/lib.sh"

need objdump
found=0
for folder in $product; do
	[ -d "$BUILD/$folder" ] || continue
	while read -r object; do
		found=1
		# .data.rel.ro holds constant pointers, which are written once at start.
		objdump -h "$object" | awk -v object="$object" '
			$2 ~ /^\.(data|bss|tdata|tbss)/ && $2 !~ /^\.data\.rel\.ro/ && $3 !~ /^0*$/ {
				print object ": " $2 " has 0x" $3 " bytes"; bad = 1 }
			END { exit bad }' || complain "file-scope variables must be const"
	done < <(sources '*.o' "$BUILD/$folder")
done
[ "$found" = 1 ] || skip "nothing is built in $BUILD"
done_guard
