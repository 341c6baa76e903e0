/* SPDX-License-Identifier: MIT */
/* SHA-256 through libcrypto. */

/*
 * The EVP interface reads the configuration and sets up providers on first use: 1 ms, as much as
 * starting the whole program. The old interface runs the same code (SHA extensions included) with
 * no set-up at all.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "format/digest.h"

#include <openssl/sha.h>
#include <string.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct digest_state), "digest_state holds the context");
_Static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct digest_state), "and is aligned for it");
_Static_assert(SHA256_DIGEST_LENGTH == DIGEST_SIZE, "SHA-256 has 32 bytes");

void digest_init(struct digest_state *state)
{
	SHA256_Init((SHA256_CTX *)state);
}

void digest_update(struct digest_state *state, const void *data, size_t size)
{
	SHA256_Update((SHA256_CTX *)state, data, size);
}

void digest_final(struct digest_state *state, struct digest *ret_digest)
{
	SHA256_Final(ret_digest->bytes, (SHA256_CTX *)state);
}

void digest_of(const void *data, size_t size, struct digest *ret_digest)
{
	struct digest_state state;

	digest_init(&state);
	digest_update(&state, data, size);
	digest_final(&state, ret_digest);
}

void digest_hex(const struct digest *digest, char ret_hex[DIGEST_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		ret_hex[2 * i] = digits[digest->bytes[i] >> 4];
		ret_hex[2 * i + 1] = digits[digest->bytes[i] & 15];
	}
	ret_hex[DIGEST_HEX_SIZE - 1] = '\0';
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int digest_parse(const char *hex, struct digest *ret_digest)
{
	struct digest digest;

	if (strlen(hex) != DIGEST_HEX_SIZE - 1)
		return -1;
	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		int high = digit_value(hex[2 * i]);
		int low = digit_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		digest.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*ret_digest = digest;
	return 0;
}
