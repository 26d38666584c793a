"""Where runs are tracked, as the settings page shows it: whether an address can be one, and without its password."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

SCHEMES = ("http", "https", "sqlite", "postgresql", "mysql", "databricks")
MASK = "•••"
_CREDENTIALS = re.compile(r"(?<=://)(?P<user>[^/@:\s]*)(?P<rest>:\S*)?@")
"""To the last `@`: a password may hold one, or a slash, though it should not."""


def masked(uri: str) -> str:
    """Give an address with its password hidden: `https://ada:•••@host`."""
    return _CREDENTIALS.sub(lambda found: f"{found['user']}{f':{MASK}' if found['rest'] else ''}@", uri)


def has_password(uri: str) -> bool:
    found = _CREDENTIALS.search(uri)
    return found is not None and bool(found["rest"])


def address_trouble(uri: str) -> str:
    """Say what is wrong with an address; empty when it can be one, or is empty."""
    text = uri.strip()
    if not text:
        return ""
    if MASK in text:
        return "The password is hidden here: write the whole address again."
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "This is not an address: its port or host cannot be read."
    scheme = parts.scheme.split("+")[0]
    if scheme not in SCHEMES:
        return "An address begins with https://, http:// or sqlite:///."
    if scheme in ("http", "https") and not host:
        return "The address names no server: https://HOST:PORT."
    return ""
