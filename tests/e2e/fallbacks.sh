#!/bin/bash
# SPDX-License-Identifier: MIT
# Every newer kernel interface switched off in turn, so that what older kernels get is used: also the vDSO as if it were
# another kernel's.
# time-out: 240
. "$(dirname "$0")/lib.sh"

build clock
undisturbed ./clock
# The program itself names them, so that none is forgotten here.
features=$(PIMAGE_WITHOUT='?' pdump 1 2>&1 | sed -n 's/.*there are: //p' | tr -d ',')
[ -n "$features" ] || fail "pdump names no features"
for feature in $features; do
	echo "without $feature"
	export PIMAGE_WITHOUT=$feature
	come_back ./clock
done
PIMAGE_WITHOUT=${features// /,}
# Not all together: without pidfd_getfd and kcmp descriptors are compared by nothing.
PIMAGE_WITHOUT=${PIMAGE_WITHOUT/kcmp,/}
echo "without $PIMAGE_WITHOUT"
come_back ./clock
