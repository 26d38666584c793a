"""Lets the process keep the memory of batches and activations between steps: asking for it anew costs up to a tenth."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from functools import lru_cache

_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
"""Numbers of glibc's options, from malloc.h."""
_KEPT_BYTES = 2**31 - 1
_OWN_MAPPING_FROM_BYTES = 2**30


@lru_cache(maxsize=1)
def keep_freed_memory() -> bool:
    """Tell glibc to hold on to freed memory; says whether it was told (elsewhere nothing changes).

    By default each block of some MB is a mapping of its own, whose pages the system fills with zeros each time.
    """
    if not sys.platform.startswith("linux"):
        return False
    with contextlib.suppress(OSError, AttributeError):  # a Linux with another C library
        library = ctypes.CDLL("libc.so.6")
        told = library.mallopt(_MMAP_THRESHOLD, _OWN_MAPPING_FROM_BYTES)
        return bool(told and library.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES))
    return False
