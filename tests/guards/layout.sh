#!/bin/bash
# SPDX-License-Identifier: MIT
# clang-format would change nothing.
. "$(dirname "$0")/lib.sh"

need clang-format
# Other versions format otherwise; 14 is that of Debian 12.
version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
[ "$version" = 14 ] || skip "clang-format is version $version, the sources are laid out by 14"
# shellcheck disable=SC2046,SC2086
{ clang-format --dry-run -Werror $(sources '*.[ch]' $everything) 2>&1 || true; } |
	sed -n 's/^\([^: ]*\):.*code should be clang-formatted.*/clang-format -i \1/p' | sort -u | grep . &&
	complain "these files are laid out otherwise"
done_guard
