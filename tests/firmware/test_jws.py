"""HS256 against the vectors of RFC 4231 and RFC 7515, and everything near a good token refused."""

import binascii
import json

from islet.sync.jws import (
    MAX_TOKEN,
    BadSignature,
    Malformed,
    b64url,
    hmac_sha256,
    same,
    unb64url,
    verify,
)

KEY = bytes(range(32))
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
OUTSIDE = b"=+/. \n~\x00\xff"

# RFC 4231, test cases 1 to 4, 6 and 7: key, data, HMAC-SHA-256
RFC_4231 = (
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size data. "
        b"The key needs to be hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
)

# RFC 7515 A.1: its signing input, key and signature
RFC_7515_INPUT = (
    b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    b".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
RFC_7515_KEY = b"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
RFC_7515_SIGNATURE = b"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def _sign(header: bytes, payload: bytes, key: bytes = KEY) -> bytes:
    text = b64url(header) + b"." + b64url(payload)
    return text + b"." + b64url(hmac_sha256(key, text))


def _good() -> bytes:
    return _sign(b'{"alg":"HS256","kid":"b01"}', b'{"seq":1}')


def _refusal(token: bytes, key: bytes = KEY):
    try:
        verify(token, key, "b01")
    except (Malformed, BadSignature) as error:
        return type(error)
    raise AssertionError(f"accepted {token!r}")


def test_hmac_of_rfc_4231():
    for key, data, expected in RFC_4231:
        assert binascii.hexlify(hmac_sha256(key, data)).decode() == expected


def test_signature_of_rfc_7515_a1():
    assert b64url(hmac_sha256(unb64url(RFC_7515_KEY), RFC_7515_INPUT)) == RFC_7515_SIGNATURE


def test_token_of_rfc_7515_a1_is_genuine_but_its_header_is_not_ours():
    token = RFC_7515_INPUT + b"." + RFC_7515_SIGNATURE
    assert _refusal(token, unb64url(RFC_7515_KEY)) is Malformed


def test_takes_a_good_token_in_any_order_of_the_header():
    assert verify(_good(), KEY, "b01") == b'{"seq":1}'
    assert verify(_sign(b'{"kid": "b01", "alg": "HS256"}', b"x"), KEY, "b01") == b"x"


def test_refuses_other_algorithms_even_with_a_good_signature():
    for alg in ("none", "None", "hs256", "HS512", "HS384", "RS256", "ES256", ""):
        header = json.dumps({"alg": alg, "kid": "b01"}).encode()
        assert _refusal(_sign(header, b"{}")) is Malformed
        unsigned = b64url(header) + b"." + b64url(b"{}") + b"."
        assert _refusal(unsigned) is BadSignature


def test_refuses_header_members_that_are_missing_wrong_or_more():
    for header in (
        b'{"alg":"HS256"}',
        b'{"alg":"HS256","kid":"b02"}',
        b'{"alg":"HS256","kid":"b01","typ":"JWT"}',
        b'{"alg":"HS256","kid":"b01","crit":["b64"],"b64":false}',
        b'{"alg":"HS256","kid":1}',
        b'["HS256","b01"]',
        b"HS256",
        b"",
    ):
        _refusal(_sign(header, b"{}"))


def test_refuses_every_single_character_mutation():
    good = _good()
    for place in range(len(good)):
        for other in ALPHABET + OUTSIDE:
            if other != good[place]:
                bad = bytearray(good)
                bad[place] = other
                _refusal(bytes(bad))


def test_refuses_every_missing_and_every_doubled_character():
    good = _good()
    for place in range(len(good)):
        _refusal(good[:place] + good[place + 1 :])
        _refusal(good[:place] + good[place : place + 1] + good[place:])
        _refusal(good[:place])


def test_refuses_another_key_and_another_count_of_parts():
    assert _refusal(_good(), bytes(32)) is BadSignature
    for token in (b"", b".", b"..", b"a.b", _good() + b".", _good() + b".e30", b"." + _good()):
        assert _refusal(token) is Malformed


def test_refuses_a_long_token_before_it_looks_inside():
    room = MAX_TOKEN - len(_sign(b'{"alg":"HS256","kid":"b01"}', b""))
    fits = _sign(b'{"alg":"HS256","kid":"b01"}', b"x" * (room * 3 // 4))
    assert len(fits) <= MAX_TOKEN
    assert verify(fits, KEY, "b01")
    assert _refusal(b"~" * (MAX_TOKEN + 1)) is Malformed


def test_base64url_is_canonical_only():
    assert unb64url(b"-_8") == b"\xfb\xff"
    for text in (b"-_8=", b"+/8", b"-_9", b"A", b"AA=", b"A A", b"AB"):
        try:
            unb64url(text)
        except Malformed:
            continue
        raise AssertionError(f"decoded {text!r}")


def test_same_compares_length_and_content():
    assert same(b"abc", b"abc")
    assert not same(b"abc", b"abd")
    assert not same(b"abc", b"abcd")
    assert not same(b"", b"a")
