#!/bin/bash
# SPDX-License-Identifier: MIT
# Files that may be executed are scripts, and scripts may be executed.
. "$(dirname "$0")/lib.sh"

is_script() { # without a process for each of so many
	local start
	IFS= read -rd '' -n 2 start <"$1"
	[ "$start" = '#!' ]
}
while read -r file; do
	is_script "$file" || complain "$file is executable and no script: chmod -x"
done < <(find . -path ./build -prune -o -path ./.git -prune -o -type f -perm -u+x -print)
while read -r file; do
	[ -x "$file" ] || complain "$file is a script: chmod +x"
done < <(grep -rlE --exclude-dir=build --exclude-dir=.git -m 1 '^#!/' .ci tools tests |
	while read -r file; do is_script "$file" && echo "$file"; done)
done_guard
