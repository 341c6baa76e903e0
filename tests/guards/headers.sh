#!/bin/bash
# SPDX-License-Identifier: MIT
# Each header compiles alone.
. "$(dirname "$0")/lib.sh"

cc=${CC:-cc}
need "$cc"
# shellcheck disable=SC2086
for header in $(sources '*.h' $everything); do
	"$cc" -std=gnu11 -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Wall -Wno-unused-function \
		-Wno-unused-variable -Wno-pragma-once-outside-header -Werror -fsyntax-only -x c \
		"$header" || complain "$header does not compile alone"
done
done_guard
