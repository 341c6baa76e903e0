#!/bin/bash
# SPDX-License-Identifier: MIT
# Conditional compilation stands in arch/ and kernel/compat.h only; elsewhere just include guards.
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2046,SC2086
grep -nE '^[[:space:]]*#[[:space:]]*(if|ifdef|ifndef|elif)\b' $(sources '*.[ch]' $product spec) |
	grep -vE '^(arch/|kernel/compat\.h:)|#ifndef PIMAGE_[A-Z0-9_]+_H$' &&
	complain "put it into kernel/compat.h or arch/, or choose at run time"
done_guard
