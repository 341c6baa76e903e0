/* SPDX-License-Identifier: MIT */
/* What pdump says at the end of a dump. */
#ifndef PIMAGE_DUMP_REPORT_H
#define PIMAGE_DUMP_REPORT_H

struct dump;
struct dump_options;
struct dump_summary;

/* On stderr: the notes of the image and the summary; or the problems of a dump that failed (summary NULL). */
void dump_report(const struct dump_options *options, const struct dump *dump,
		 const struct dump_summary *summary);

#endif
