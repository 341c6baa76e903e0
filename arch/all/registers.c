/* SPDX-License-Identifier: MIT */
#include "arch/all/registers.h"

const struct record *const arch_registers[] = { &x86_64_record, NULL };
