/* SPDX-License-Identifier: MIT */
/* The first entry: what was dumped, where and when, and what is not exact. */
#include "format/pimage.h"

#include "cli/epoch.h"
#include "dump/dump.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "kernel/readfile.h"

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* Where the kernel puts XCR0 in the area it shows: struct _fpx_sw_bytes, arch/x86/include/uapi/asm/sigcontext.h. */
enum { XSTATE_FEATURES_AT = 464 };

static uint64_t clock_now(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct clocks clocks_now(void)
{
	int64_t epoch;

	if (source_date_epoch(&epoch))
		return (struct clocks){ .realtime = (uint64_t)epoch * 1000000000 };
	return (struct clocks){ clock_now(CLOCK_REALTIME), clock_now(CLOCK_MONOTONIC),
				clock_now(CLOCK_BOOTTIME) };
}

static char *cpu_model(void)
{
	_cleanup_free_ char *text = NULL;
	const char *line, *colon;

	if (read_file_at(AT_FDCWD, "/proc/cpuinfo", &text, NULL, NULL) < 0)
		return strdup("");
	line = strstr(text, "model name");
	colon = line ? strstr(line, ": ") : NULL;
	return colon ? strndup(colon + 2, strcspn(colon + 2, "\n")) : strdup("");
}

static int collect_host(struct pimage *pimage, struct err *err)
{
	struct utsname uts;

	if (uname(&uts) < 0)
		return err_sys(err, "uname");
	pimage->format = strdup("pimage");
	pimage->tool = strdup("pdump " PIMAGE_VERSION);
	pimage->arch = strdup(uts.machine);
	pimage->host = (struct host){ strdup(uts.nodename), strdup(uts.release),
				      strdup(uts.version), cpu_model() };
	if (!pimage->format || !pimage->tool || !pimage->arch || !pimage->host.name ||
	    !pimage->host.kernel || !pimage->host.kernel_version || !pimage->host.cpu)
		return err_sys(err, "out of memory");
	return 0;
}

/* The XSAVE area is as large in every thread of a host. */
static void collect_xstate(const struct dump *dump, struct xstate *ret)
{
	static const char suffix[] = ".xstate";
	const struct blob *area = NULL;

	/* There are others: the contents of pipes. */
	for (size_t i = 0; i < dump->image.n_blobs && !area; i++) {
		const char *name = dump->image.blobs[i].name;

		if (strlen(name) > strlen(suffix) &&
		    strcmp(name + strlen(name) - strlen(suffix), suffix) == 0)
			area = &dump->image.blobs[i];
	}
	if (!area || area->size < XSTATE_FEATURES_AT + sizeof(ret->features))
		return;
	memcpy(&ret->features, (const char *)area->data + XSTATE_FEATURES_AT,
	       sizeof(ret->features));
	ret->size = (uint32_t)area->size;
}

/* Called for every process; the first one, which is the root, makes the record. */
static int pimage_collect(struct dump *dump, struct target *target, struct err *err)
{
	struct pimage *pimage = IMAGE_GET(&dump->image, pimage, 0, 0);
	uint32_t *pid;

	if (!pimage) {
		pimage = IMAGE_ADD(&dump->image, pimage, 0, 0, err);
		if (!pimage || collect_host(pimage, err) < 0)
			return -1;
		pimage->version = PIMAGE_FORMAT_VERSION;
		pimage->page_size = (uint32_t)sysconf(_SC_PAGESIZE);
		pimage->clocks = clocks_now();
		pimage->root = target->own_pid;
	}
	pid = LIST_ADD(pimage, pids, err);
	if (!pid)
		return -1;
	*pid = target->own_pid;
	return 0;
}

int pimage_finish(struct dump *dump, struct err *err)
{
	struct pimage *pimage = IMAGE_GET(&dump->image, pimage, 0, 0);

	collect_xstate(dump, &pimage->xstate);
	if (problems_refuse(&dump->problems, ERR_UNSUPPORTED, err) < 0)
		return -1;
	pimage->notes = TAKE_PTR(dump->problems.notes);
	pimage->n_notes = dump->problems.n_notes;
	dump->problems.n_notes = 0;
	return 0;
}

const struct dumper pimage_dumper = { .collect = pimage_collect };
