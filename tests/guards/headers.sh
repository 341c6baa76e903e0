#!/bin/bash
# SPDX-License-Identifier: MIT
# Each header compiles alone.
. "$(dirname "$0")/lib.sh"

cc=${CC:-cc}
need "$cc"
# Its source includes it before all others, and compiles.
is_first() {
	local line=""
	while read -r line; do
		[[ $line == '#include'* ]] && break
	done <"${1%.h}.c"
	[ "$line" = "#include \"$1\"" ]
} 2>/dev/null
# shellcheck disable=SC2086
for header in $(sources '*.h' $everything); do
	is_first "$header" && continue
	"$cc" -std=gnu11 -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Wall -Wno-unused-function \
		-Wno-unused-variable -Wno-pragma-once-outside-header -Werror -fsyntax-only -x c \
		"$header" || complain "$header does not compile alone"
done
done_guard
