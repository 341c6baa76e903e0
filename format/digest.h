/* SPDX-License-Identifier: MIT */
/* SHA-256, the name by which the image's index and the OCI tail know every entry. */
#ifndef PIMAGE_DIGEST_H
#define PIMAGE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum {
	DIGEST_SIZE = 32,
	DIGEST_HEX_SIZE = 2 * DIGEST_SIZE + 1, /* with the NUL */
};

/* The finished digest. */
struct digest {
	uint8_t bytes[DIGEST_SIZE];
};

/* A digest in the making; owns nothing, so that it may be dropped at any point. */
struct digest_state {
	uint64_t opaque[14];
};

void digest_init(struct digest_state *state);
void digest_update(struct digest_state *state, const void *data, size_t size);
void digest_final(struct digest_state *state, struct digest *ret_digest);

/* All three at once. */
void digest_of(const void *data, size_t size, struct digest *ret_digest);

/* 64 lower-case hex digits; and the way back, which takes just that: returns <0 for any other text.
 */
void digest_hex(const struct digest *digest, char ret_hex[DIGEST_HEX_SIZE]);
int digest_parse(const char *hex, struct digest *ret_digest);

#endif
