"""Compact JWS with HS256 only (RFC 7515, RFC 7518 3.2): pinned algorithm, nothing unsigned is parsed."""

import binascii
import hashlib
import json

MAX_TOKEN = 1024
_BLOCK = 64  # bytes, the block of SHA-256


class Malformed(ValueError):
    """The token is not a compact JWS of the one form that is taken."""


class BadSignature(ValueError):
    """The token has the right form, but this key did not sign it."""


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """Return the 32-byte HMAC-SHA256 of the message (RFC 2104)."""
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    key = key + bytes(_BLOCK - len(key))
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key))
    inner.update(message)
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in key))
    outer.update(inner.digest())
    return outer.digest()


def same(a: bytes, b: bytes) -> bool:
    """Compare in a time that tells nothing about where they differ."""
    difference = len(a) ^ len(b)
    for x, y in zip(a, b):  # noqa: B905 - MicroPython's zip has no strict
        difference |= x ^ y
    return difference == 0


def b64url(data: bytes) -> bytes:
    """Encode as unpadded base64url (RFC 7515 2)."""
    return binascii.b2a_base64(data).rstrip(b"\n=").replace(b"+", b"-").replace(b"/", b"_")


def unb64url(text: bytes) -> bytes:
    """Decode unpadded base64url; Malformed on other characters, padding, or bits set behind the last byte."""
    try:
        data = binascii.a2b_base64(text.replace(b"-", b"+").replace(b"_", b"/") + b"=" * (-len(text) % 4))
    except ValueError:
        raise Malformed("base64url") from None
    if b64url(data) != text:  # the decoder skips what it does not know, so the way back must give the same
        raise Malformed("base64url")
    return data


def verify(token: bytes, key: bytes, kid: str) -> bytes:
    """Return the payload of a token signed with key for kid; raises Malformed or BadSignature."""
    if len(token) > MAX_TOKEN:
        raise Malformed(f"longer than {MAX_TOKEN} bytes")
    parts = token.split(b".")
    if len(parts) != 3 or not (parts[0] and parts[1]):
        raise Malformed("not three parts")
    if not same(unb64url(parts[2]), hmac_sha256(key, parts[0] + b"." + parts[1])):
        raise BadSignature("signature")
    try:
        header = json.loads(unb64url(parts[0]))
    except ValueError:
        raise Malformed("header") from None
    if header != {"alg": "HS256", "kid": kid}:
        raise Malformed("header")
    return unb64url(parts[1])
