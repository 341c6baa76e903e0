/* SPDX-License-Identifier: MIT */
#include "format/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static enum err_code code_of_errno(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return ERR_PERMISSION;
	case ESRCH:
		return ERR_GONE;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case EIO:
	case EPIPE:
		return ERR_IO;
	default:
		return ERR_FAILED;
	}
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return -1;
}

int err_sys(struct err *err, const char *fmt, ...)
{
	int error = errno;
	va_list ap;
	int len;

	if (!err)
		return -1;
	err->code = code_of_errno(error);
	va_start(ap, fmt);
	len = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (len >= 0 && (size_t)len < sizeof(err->msg))
		snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", strerror(error));
	errno = error;
	return -1;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	char old[sizeof(err->msg)];
	va_list ap;
	int len;

	if (!err)
		return -1;
	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	len = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (len >= 0 && (size_t)len < sizeof(err->msg))
		snprintf(err->msg + len, sizeof(err->msg) - len, ": %.*s",
			 (int)(sizeof(old) - (size_t)len), old);
	return -1;
}
