/* SPDX-License-Identifier: MIT */
/* What the image as a whole asks of this host. */
#include "format/pimage.h"

#include "format/err.h"
#include "restore/restore.h"

#include <cpuid.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* XCR0: which processor state the kernel has enabled; Intel SDM volume 1, 13.3. */
static uint64_t enabled_features(void)
{
	uint32_t a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return 0;
	__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return (uint64_t)d << 32 | a;
}

static int pimage_check_host(struct restore *restore, const void *record, struct key key,
			     struct err *err)
{
	const struct pimage *pimage = record;
	uint64_t missing = pimage->xstate.features & ~enabled_features();
	struct utsname uts;

	(void)key;
	if (uname(&uts) < 0)
		return err_sys(err, "uname");
	if (strcmp(pimage->arch, uts.machine) != 0)
		problems_add(&restore->problems, VERDICT_BLOCKING, "image",
			     "it is of %s; this is %s", pimage->arch, uts.machine);
	if (pimage->page_size != (uint32_t)sysconf(_SC_PAGESIZE))
		problems_add(&restore->problems, VERDICT_BLOCKING, "image",
			     "its pages have %u bytes; here they have %ld", pimage->page_size,
			     sysconf(_SC_PAGESIZE));
	if (missing)
		problems_add(&restore->problems, VERDICT_BLOCKING, "image",
			     "it has processor state 0x%lx (XCR0) that this processor lacks: %s",
			     missing, pimage->host.cpu);
	return 0;
}

const struct restorer pimage_restorer = { .check = pimage_check_host };
