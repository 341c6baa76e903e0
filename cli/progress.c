/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define SECOND	 UINT64_C(1000000000)
#define INTERVAL (SECOND / 10)

const char *human_bytes(uint64_t bytes, char buffer[HUMAN_SIZE])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(buffer, HUMAN_SIZE, "%u B", (unsigned)bytes);
		return buffer;
	}
	/* 1023.95 would be written as 1024.0. */
	while (value >= 1023.95) {
		value /= 1024;
		unit++;
	}
	snprintf(buffer, HUMAN_SIZE, "%.1f %s", value, units[unit]);
	return buffer;
}

const char *human_duration(uint64_t nanoseconds, char buffer[HUMAN_SIZE])
{
	uint64_t seconds = nanoseconds / SECOND;
	unsigned long long hours = seconds / 3600;
	unsigned minutes = (unsigned)(seconds / 60 % 60);

	if (nanoseconds < 1000)
		snprintf(buffer, HUMAN_SIZE, "%u ns", (unsigned)nanoseconds);
	else if (nanoseconds < 999950)
		snprintf(buffer, HUMAN_SIZE, "%.1f us", (double)nanoseconds / 1e3);
	else if (nanoseconds < 999950000)
		snprintf(buffer, HUMAN_SIZE, "%.1f ms", (double)nanoseconds / 1e6);
	else if (seconds < 60)
		snprintf(buffer, HUMAN_SIZE, "%.1f s", (double)nanoseconds / 1e9);
	else if (hours == 0)
		snprintf(buffer, HUMAN_SIZE, "%u min %u s", minutes, (unsigned)(seconds % 60));
	else
		snprintf(buffer, HUMAN_SIZE, "%llu h %u min", hours, minutes);
	return buffer;
}

uint64_t progress_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

void progress_start(struct progress *progress, FILE *out, const char *what, uint64_t total)
{
	*progress = (struct progress){ .what = what, .total = total };
	if (!isatty(fileno(out)))
		return;
	progress->out = out;
	progress->started = progress_now();
	progress->drawn = progress->started;
}

void progress_text(const struct progress *progress, uint64_t done, uint64_t elapsed, char *buffer,
		   size_t size)
{
	char now[HUMAN_SIZE], all[HUMAN_SIZE], rate[HUMAN_SIZE];
	double speed = elapsed ? (double)done * (double)SECOND / (double)elapsed : 0;

	human_bytes(done, now);
	human_bytes(progress->total, all);
	human_bytes((uint64_t)speed, rate);
	if (progress->total == 0)
		snprintf(buffer, size, "%s  %s  %s/s", progress->what, now, rate);
	else
		snprintf(buffer, size, "%s  %s of %s  %.0f %%  %s/s", progress->what, now, all,
			 100.0 * (double)done / (double)progress->total, rate);
}

/* A line that is longer than the terminal is wide could not be drawn over. */
static size_t terminal_width(FILE *out)
{
	struct winsize size = { 0 };

	if (ioctl(fileno(out), TIOCGWINSZ, &size) < 0 || size.ws_col < 20)
		return 80;
	return size.ws_col;
}

void progress_update(struct progress *progress, uint64_t done)
{
	char line[200];
	size_t room;
	uint64_t now;

	if (!progress->out)
		return;
	now = progress_now();
	if (now - progress->drawn < INTERVAL)
		return;
	room = terminal_width(progress->out);
	progress_text(progress, done, now - progress->started, line,
		      room < sizeof(line) ? room : sizeof(line));
	/* Spaces and not an escape sequence, for the plainest of terminals. */
	fprintf(progress->out, "\r%-*s", (int)progress->width, line);
	fflush(progress->out);
	progress->width = strlen(line);
	progress->drawn = now;
}

void progress_end(struct progress *progress)
{
	if (progress->out && progress->width) {
		fprintf(progress->out, "\r%*s\r", (int)progress->width, "");
		fflush(progress->out);
	}
	progress->out = NULL;
}
