/* SPDX-License-Identifier: MIT */
/* The instruction set that this program itself runs on: registers of traced threads, the call loop.
 */
#ifndef PIMAGE_ARCH_HOST_H
#define PIMAGE_ARCH_HOST_H

#if defined(__x86_64__)
#include "arch/x86_64/clone.h"
#include "arch/x86_64/regs.h"
#include "arch/x86_64/stub.h"
#else
#error "pimage has no ptrace glue for this instruction set yet: add arch/<isa>/{clone,regs,stub}"
#endif

#endif
