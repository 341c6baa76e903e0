#!/bin/bash
# SPDX-License-Identifier: MIT
# No function of more than 100 lines and no file of more than 600.
. "$(dirname "$0")/lib.sh"

# clang-format puts the braces of a function, and nothing else, into the first column.
# shellcheck disable=SC2046,SC2086
awk '
	FNR == 1 { start = 0 }
	/^{/ { start = FNR - 1 }
	/^}/ && start {
		if (FNR - start + 1 > 100)
			print FILENAME ":" start ": a function of " FNR - start + 1 " lines"
		start = 0
	}
	{ lines[FILENAME] = FNR }
	END {
		for (file in lines)
			if (lines[file] > 600)
				print file ": " lines[file] " lines"
	}' $(sources '*.[chS]' $everything) tests/run | grep . && complain "split it"
done_guard
