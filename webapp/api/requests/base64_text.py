"""Decode base64 as browsers, shells and libraries write it."""

from __future__ import annotations

import re
from base64 import b64decode
from urllib.parse import unquote

WHITESPACE = re.compile(r"\s+")
FOREIGN = re.compile(r"[^A-Za-z0-9+/]")
# As written by `certutil -encode` of Windows (RFC 7468).
ARMOUR = re.compile(r"-----BEGIN [^-]*-----(?P<body>.*?)-----END [^-]*-----\Z", re.DOTALL)
DATA_URL = re.compile(r"data:(?P<options>[^,]*),", re.IGNORECASE)
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|blob:", re.IGNORECASE)
URL_SAFE = str.maketrans("-_", "+/")
SHOWN_OPTIONS = 40


def decode_base64(text: str) -> bytes:
    """Return the bytes that a text encodes.

    Accepts the standard and the URL-safe alphabet, with or without padding, on one line or several,
    bare, between BEGIN and END lines, or in a data URL (RFC 4648, RFC 7468, RFC 2397).

    Raises:
        ValueError: if the text is anything else; the message is for the program's author.
    """
    plain = _without_data_url(text.strip().lstrip("\ufeff"))
    if armoured := ARMOUR.match(plain):
        plain = armoured["body"].strip()
    _refuse_lost_signs(plain)
    body = WHITESPACE.sub("", plain)
    letters = body.rstrip("=").translate(URL_SAFE)
    if text and not letters:
        raise ValueError("Empty: there are no bytes of a picture.")
    if foreign := FOREIGN.search(letters):
        raise ValueError(
            f"Not base64 text: {foreign.group()!a} at place {foreign.start() + 1} "
            "is no letter of base64."
        )
    if len(letters) % 4 == 1:
        raise ValueError(
            f"Not base64 text: {len(letters)} letters are one too few or too many. "
            "It was probably cut short."
        )
    return b64decode(letters + "=" * (-len(letters) % 4))


def _without_data_url(text: str) -> str:
    if ADDRESS.match(text):
        raise ValueError(
            "Not base64 text but an address. Send the bytes of the picture; "
            "nothing is fetched from elsewhere."
        )
    if text[:5].lower() != "data:":
        return text
    head = DATA_URL.match(text)
    if head is None:
        raise ValueError("A data URL without a comma before its bytes.")
    options = head["options"]
    if not options.lower().rstrip().endswith(";base64"):
        raise ValueError(
            f"A data URL that is not base64: “{options[:SHOWN_OPTIONS]}” does not end in “;base64”."
        )
    return unquote(text[head.end() :]).strip()


def _refuse_lost_signs(text: str) -> None:
    """Reject spaces that a form decoded from "+"; those of line ends are equally far apart."""
    for line in text.splitlines():
        *whole, last = line.split() or [""]
        lengths = set(map(len, whole))
        if len(lengths) > 1 or any(n % 4 or n < len(last) for n in lengths):
            raise ValueError(
                "Not base64 text: spaces in its lines. A form probably decoded its “+”: write "
                "it as “%2B”, or send URL-safe base64."
            )
