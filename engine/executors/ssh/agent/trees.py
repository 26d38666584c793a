"""Folders made of kept objects: a dataset's files under their names, as hard links; and what is no longer needed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.executors.ssh.agent.objects import (
    FOLDER,
    MARK,
    PARTS,
    is_here,
    object_path,
    parse_json,
    require_sha,
    require_size,
    size_of,
    unpacked,
)
from engine.executors.ssh.agent.words import Agent, Refusal, refusal_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.executors.ssh.agent.words import Arguments, Verb

DATA = "data"
LISTINGS = "trees"
"""What trees were built from, by hash: a desktop need not send a long list to learn that nothing has changed."""
LONGEST_NAME = 255
LONGEST_PATH = 1024
DAY_S = 86400.0
SETTLED_S = 3600.0
"""What is younger may belong to an upload that is under way."""
_PLAIN = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_ .-]{0,100}/)*[A-Za-z0-9_][A-Za-z0-9_ .-]{0,100}\Z")
"""Nearly all paths, which need no closer look: there may be a million of them."""
_NO_LINKS = (
    errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP,
)  # fmt: skip


class Entry(NamedTuple):
    """One file of a tree."""

    path: str
    """Below the tree, with forward slashes."""
    sha256: str
    size: int


def tree(agent: Agent, arguments: Arguments, payload: bytes) -> tuple[Arguments, bytes]:
    """Build the folder `path` from a JSON list of [path, sha256, size]; one that is there and whole is used again.

    The folder has its name only when it is complete. With `own`, its files are copies that may be changed. The list is
    kept under its hash, for `has_tree`.

    Raises:
        Refusal: `path_refused`, `object_missing`, `host_disk_full`, `host_request_invalid`.
    """
    content = unpacked(arguments, payload)
    entries = [_entry(row) for row in parse_json(content)]
    target = agent.inside(str(arguments.get("path", "")))
    draft = target.with_name(f".{target.name}.{MARK}.draft")
    reused = _is_whole(target, entries)
    copied = 0
    try:
        if not reused:
            copied = _build(agent, draft, entries, own=bool(arguments.get("own")))
            _publish(draft, target, entries)
        os.utime(str(target))  # used today: see `sweep`
        _keep_listing(agent, content)
    except OSError as error:
        raise refusal_of(error, target) from error
    finally:
        shutil.rmtree(str(draft), ignore_errors=True)
    return {"reused": reused, "files": len(entries), "copied": copied}, b""


def has_tree(agent: Agent, arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """Say whether the folder `path` is there, built from the list with the hash `listing`, and still whole."""
    target = agent.inside(str(arguments.get("path", "")))
    listing = _listing_path(agent, require_sha(arguments.get("listing")))
    try:
        entries = [_entry(row) for row in parse_json(listing.read_bytes())]
        there = _is_whole(target, entries)
        if there:
            for used in (target, listing):
                os.utime(str(used))
    except OSError:
        there = False
    return {"there": there}, b""


def sweep(agent: Agent, arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """Remove trees that were not used for `days` (but those in `keep`), then objects that no tree refers to.

    Objects younger than `settled_s` stay: their tree may be about to be built.
    """
    days = float(arguments.get("days", 30.0))
    settled = float(arguments.get("settled_s", SETTLED_S))
    keep: list[str] = arguments.get("keep") or []
    kept = {str(agent.inside(path)) for path in keep}
    freed, trees = 0, 0
    for folder in _listed(agent.root / DATA):
        draft = folder.name.startswith(".")
        if str(folder) in kept or _age(folder) < (settled if draft else days * DAY_S):
            continue
        freed += _remove_tree(folder)
        trees += 1
    listings = agent.root / LISTINGS
    for path in sorted(listings.iterdir()) if listings.is_dir() else []:
        if _age(path) >= days * DAY_S:
            path.unlink()
    objects = 0
    for path in _unneeded(agent.root / FOLDER, settled, max(settled, days * DAY_S)):
        freed += max(size_of(str(path)), 0)
        path.unlink()
        objects += 1
    return {"removed_bytes": freed, "trees": trees, "objects": objects}, b""


def _entry(row: list[object]) -> Entry:
    if len(row) != 3 or not isinstance(row[0], str):
        raise Refusal("host_request_invalid", "A file of a folder is not told by path, hash and size.")
    return Entry(_require_path(row[0]), require_sha(row[1]), require_size(row[2]))


def _require_path(path: str) -> str:
    if _PLAIN.match(path) and len(path) <= LONGEST_PATH:
        return path
    parts = path.split("/")  # of an absolute one the first is empty
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise Refusal("path_refused", f"The path {path[:200]!r} is no path inside a folder.")
    if max(map(_length, parts)) > LONGEST_NAME or _length(path) > LONGEST_PATH:
        raise Refusal("path_refused", f"The name {path[:60]!r}… is too long for the host's disk.")
    return path


def _length(name: str) -> int:
    """Bytes of it on the disk."""
    try:
        return len(os.fsencode(name))
    except UnicodeEncodeError as error:  # half a character, or a host whose language knows no such letters
        raise Refusal(
            "path_refused", f"The host cannot write the name {name[:60]!r}.", "Give the file a plainer name."
        ) from error


def _listing_path(agent: Agent, sha256: str) -> Path:
    return agent.root / LISTINGS / sha256


def _keep_listing(agent: Agent, content: bytes) -> None:
    path = _listing_path(agent, hashlib.sha256(content).hexdigest())
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{MARK}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()


def _is_whole(target: Path, entries: list[Entry]) -> bool:
    """Whether every file is there with its size. Contents were verified when they came, and are read-only since."""
    base = str(target)
    try:
        if not stat.S_ISDIR(os.lstat(base).st_mode):
            return False
        for entry in entries:
            status = os.lstat(base + "/" + entry.path)
            if not stat.S_ISREG(status.st_mode) or status.st_size != entry.size:
                return False
    except OSError:
        return False
    return True


def _build(agent: Agent, draft: Path, entries: list[Entry], *, own: bool) -> int:
    """Give how many files had to be copied: all, if they may be changed there; else where hard links are not taken."""
    draft.mkdir(parents=True)
    base, made, copied = str(draft), {""}, 0
    for entry in entries:
        above = entry.path.rpartition("/")[0]
        if above not in made:
            os.makedirs(base + "/" + above, exist_ok=True)  # noqa: PTH103  # many thousands: texts are quicker
            made.add(above)
        source = object_path(agent, entry.sha256)
        if not is_here(source, entry.sha256, entry.size):
            raise Refusal(
                "object_missing",
                f"The file {entry.path[:200]!r} has not arrived on the host.",
                "Start again: only what is missing is sent.",
            )
        if own:
            shutil.copyfile(source, base + "/" + entry.path)
        copied += own or _link(source, base + "/" + entry.path)
    return copied


def _link(source: str, target: str) -> bool:
    try:
        os.link(source, target)
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    shutil.copyfile(source, target)
    os.chmod(target, 0o444)  # noqa: PTH101  # the same
    return True


def _publish(draft: Path, target: Path, entries: list[Entry]) -> None:
    """Give the draft its name; whatever incomplete thing has it goes away first."""
    for _ in range(3):
        try:
            os.rename(str(draft), str(target))  # noqa: PTH104  # one form for all Pythons
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
        if _is_whole(target, entries):  # another desktop was quicker
            return
        old = target.with_name(f".{target.name}.{MARK}.old")
        with contextlib.suppress(FileNotFoundError):
            os.rename(str(target), str(old))  # noqa: PTH104  # the same
        _discard(old)
    raise Refusal("host_file_failed", f"{target} on the host keeps changing.", "Try again.")


def _discard(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(str(path), ignore_errors=True)
    else:
        path.unlink()


def _listed(folder: Path) -> list[Path]:
    """Real folders in a folder: links are not followed."""
    if not folder.is_dir() or folder.is_symlink():
        return []
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.is_symlink()]


def _age(path: Path) -> float:
    try:
        return time.time() - path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0


def _remove_tree(folder: Path) -> int:
    """Give the bytes of copies in it; a hard link's bytes are its object's."""
    freed = 0
    gone = folder.with_name(f".{folder.name.lstrip('.')}.{MARK}.gone")
    os.rename(str(folder), str(gone))  # noqa: PTH104  # at once: no half of it shall keep a good name
    for place, _, names in os.walk(str(gone)):
        for name in names:
            status = os.lstat(os.path.join(place, name))  # noqa: PTH118  # many thousands
            freed += status.st_size if status.st_nlink == 1 else 0
    shutil.rmtree(str(gone), ignore_errors=True)
    return freed


def _unneeded(folder: Path, settled: float, abandoned: float) -> Iterator[Path]:
    """Objects without a tree, drafts of killed agents, and parts that nobody has added to for long."""
    now = time.time()
    for shard in _listed(folder):
        for path in sorted(shard.iterdir()):
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue
            limit = abandoned if shard.name == PARTS else settled
            # The time of the last link or unlink, which a file's content does not change.
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and now - status.st_ctime >= limit:
                yield path


VERBS: dict[str, Verb] = {"tree": tree, "has_tree": has_tree, "sweep": sweep}
