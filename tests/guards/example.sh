#!/bin/bash
# SPDX-License-Identifier: MIT
# The image that the specification explains is one that this version reads.
. "$(dirname "$0")/lib.sh"

[ -x "$BUILD/pinspect" ] || skip "pinspect is not built"
"$BUILD/pinspect" verify spec/examples/example.tar >/dev/null ||
	complain "spec/examples/example.tar is refused: make it anew (spec/image-format.md, section 9) and make spec"
done_guard
