"""The hub that timm fetches weights from, as seen from a machine without a network."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from huggingface_hub import constants


@contextmanager
def quick_refusal_without_network() -> Iterator[None]:
    """Let the hub's client answer from its cache, or refuse at once, while its host cannot be found.

    It would try for most of a minute, silently, before it said so.
    """
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not is_hub_found()
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def is_hub_found() -> bool:
    """Say whether the hub's host has an address; behind a proxy only the proxy knows."""
    if urllib.request.getproxies():
        return True
    try:
        socket.getaddrinfo(urlsplit(constants.ENDPOINT).hostname, 443)
    except OSError:
        return False
    return True
