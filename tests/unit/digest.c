/* SPDX-License-Identifier: MIT */
/* SHA-256 against the examples of FIPS 180-4, in one piece and in many. */
#include "format/digest.h"
#include "tests/unit/test.h"

static void check_known(const char *text, const char *want)
{
	struct digest digest;
	char hex[DIGEST_HEX_SIZE];

	digest_of(text, strlen(text), &digest);
	digest_hex(&digest, hex);
	CHECK_STR(hex, want);
}

static void check_pieces(void)
{
	static char data[1000000];
	struct digest_state state;
	struct digest whole, pieces;
	char hex[DIGEST_HEX_SIZE];

	memset(data, 'a', sizeof(data));
	digest_of(data, sizeof(data), &whole);
	digest_hex(&whole, hex);
	CHECK_STR(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	digest_init(&state);
	for (size_t at = 0, step = 1; at < sizeof(data); at += step, step = step * 7 % 8191 + 1) {
		if (step > sizeof(data) - at)
			step = sizeof(data) - at;
		digest_update(&state, data + at, step);
	}
	digest_final(&state, &pieces);
	CHECK(memcmp(&whole, &pieces, sizeof(whole)) == 0);
}

static void check_parse(void)
{
	const char *good = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	const char *const bad[] = {
		"",
		"e3b0",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555",
		"E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85g",
	};
	struct digest digest;
	char hex[DIGEST_HEX_SIZE];

	CHECK(digest_parse(good, &digest) == 0);
	digest_hex(&digest, hex);
	CHECK_STR(hex, good);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(digest_parse(bad[i], &digest) < 0, "%s", bad[i]);
}

int main(void)
{
	check_known("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check_known("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check_known("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	check_pieces();
	check_parse();
	return test_done("digest");
}
