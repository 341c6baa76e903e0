/* SPDX-License-Identifier: MIT */
/* Ids, groups, capabilities and securebits of a process that was root and gave some of it up. */
#include "tests/subject/vma.h"

#include <grp.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

static void look(struct view *view, void *state)
{
	static const char *const wanted[] = { "Uid:",	 "Gid:",    "Groups:",
					      "CapInh:", "CapPrm:", "CapEff:",
					      "CapBnd:", "CapAmb:", "NoNewPrivs:" };
	static char text[8192];
	char *line, *save;

	(void)state;
	read_proc("/proc/self/status", text, sizeof(text));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (!strncmp(line, wanted[i], strlen(wanted[i])))
				view_str(view, wanted[i], line);
	view_hex(view, "securebits", (unsigned)prctl(PR_GET_SECUREBITS));
	view_num(view, "dumpable", prctl(PR_GET_DUMPABLE));
	view_num(view, "keepcaps", prctl(PR_GET_KEEPCAPS));
}

static void give_up(void)
{
	gid_t groups[] = { 7, 100, 4242, 70000 };

	MUST(prctl(PR_CAPBSET_DROP, 27 /* CAP_MKNOD */) == 0);
	MUST(setgroups(4, groups) == 0);
	MUST(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_NOROOT) == 0);
	MUST(setresgid(1001, 1002, 1003) == 0);
	MUST(setresuid(1001, 1001, 1003) == 0);
	setfsuid(1003);
	setfsgid(1002);
	MUST(prctl(PR_SET_DUMPABLE, 1) == 0);
}

int main(void)
{
	if (geteuid() == 0)
		give_up();
	return subject_main(look, NULL);
}
