"""What the modules of the agent share: where it may work, how a verb looks, and how a request is refused.

The agent runs on hosts whose Python may be as old as 3.8: standard library only, and no newer words of the language.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Arguments = dict[str, Any]
    Verb = Callable[["Agent", Arguments, bytes], tuple[Arguments, bytes]]


MAGIC = b"LENSMITH-AGENT\n"
"""The agent's first word; what a host's login files print comes before it."""


class Refusal(Exception):
    """A request that cannot be carried out, told to the user of the desktop.

    Args:
        code: stable name of the fault.
        message: a full sentence: what, and where on this host.
        hint: a full sentence: what to do next.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class Agent:
    """One agent at work below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        """Lensmith's folder on this host; nothing outside is touched."""

    def inside(self, path: str) -> Path:
        """Give the place that a request's path means.

        Raises:
            Refusal: `path_refused` for one that leads, by itself or through a link, out of the folder.
        """
        pure = PurePosixPath(path)
        if not path or "\0" in path or pure.is_absolute() or ".." in pure.parts:
            raise Refusal("path_refused", f"The path {path!r} leads out of Lensmith's folder on the host.")
        whole = self.root.joinpath(*pure.parts)
        # The last part may be a link that is about to be replaced; those above it must not lead away.
        above = os.path.realpath(str(whole.parent))
        root = os.path.realpath(str(self.root))
        if above != root and not above.startswith(root + os.sep):
            raise Refusal("path_refused", f"The path {path!r} leads through a link out of Lensmith's folder.")
        return whole


def refusal_of(error: OSError, where: Path) -> Refusal:
    """Say in a sentence what the host's system has against it."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Refusal(
            "host_disk_full",
            f"The disk of {where} on the host is full.",
            "Free some space there, or remove what Lensmith keeps: lensmith hosts clean NAME --runs --data",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Refusal(
            "host_not_writable",
            f"{where} on the host cannot be written ({error.strerror}).",
            "Make it writable there, or give another folder with `lensmith hosts edit NAME --folder FOLDER`.",
        )
    return Refusal(
        "host_file_failed",
        f"{where} on the host: {error.strerror or error}.",
        "Look at that folder on the host.",
    )
