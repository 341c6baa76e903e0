/* SPDX-License-Identifier: MIT */
#include "format/chardev.h"

static const struct field chardev_fields[] = { STRING(struct chardev, path, 0,
						      "Path of the device."),
					       UINT(struct chardev, major, 0, "Major number."),
					       UINT(struct chardev, minor, 0, "Minor number."),
					       {} };

const struct record chardev_record =
	RECORD_OF(struct chardev, "chardev", chardev_fields, "A character device without state.");
