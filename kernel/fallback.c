/* SPDX-License-Identifier: MIT */
/* The names under which tests switch newer kernel interfaces off. */
#include "kernel/fallback.h"

#include <string.h>

#include "format/err.h"

static const char *const feature_names[FEATURE_COUNT] = {
	[FEATURE_PAGEMAP_SCAN] = "pagemap_scan",
	[FEATURE_PIDFD_GETFD] = "pidfd_getfd",
	[FEATURE_PROCESS_VM] = "process_vm",
	[FEATURE_PROC_MEM_FORCE] = "proc_mem_force",
	[FEATURE_RSEQ_CONFIGURATION] = "rseq_configuration",
	[FEATURE_VDSO_PADDING] = "vdso_padding",
	[FEATURE_RENDEZVOUS] = "rendezvous",
	[FEATURE_KCMP] = "kcmp",
	[FEATURE_PROCMAP_QUERY] = "procmap_query",
	[FEATURE_SCHED_TIMES] = "sched_times",
	[FEATURE_SAME_VDSO] = "same_vdso",
	[FEATURE_PROC_CHILDREN] = "proc_children",
	[FEATURE_COLLAPSE] = "collapse",
	[FEATURE_USERFAULTFD] = "userfaultfd",
	[FEATURE_FILL_AHEAD] = "fill_ahead",
};

static int unknown_feature(const char *name, size_t length, struct err *err)
{
	char known[400] = "";

	for (int i = 0; i < FEATURE_COUNT; i++) {
		if (i)
			strcat(known, ", ");
		strcat(known, feature_names[i]);
	}
	return err_set(err, ERR_USAGE,
		       "PIMAGE_WITHOUT: no feature is called \"%.*s\"; there are: %s", (int)length,
		       name, known);
}

static int feature_of(const char *name, size_t length)
{
	for (int i = 0; i < FEATURE_COUNT; i++)
		if (strlen(feature_names[i]) == length && !memcmp(feature_names[i], name, length))
			return i;
	return -1;
}

int kernel_features_init(const char *without, struct kernel_features *ret_features, struct err *err)
{
	struct kernel_features features = { 0 };
	const char *name = without ? without : "";

	while (*name) {
		size_t length = strcspn(name, ",");
		int feature = feature_of(name, length);

		if (feature < 0)
			return unknown_feature(name, length, err);
		features.off |= 1U << feature;
		name += length;
		name += *name == ',';
	}
	*ret_features = features;
	return 0;
}

bool feature_on(const struct kernel_features *features, enum feature feature)
{
	return !features || !(features->off & (1U << feature));
}
