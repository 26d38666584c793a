"""Files kept by their content, `objects/ab/<sha256>`: asked after, received in packs, never seen half written.

Large ones grow in `objects/parts/<sha256>` over several packs; a connection that was cut is taken up where it ended.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import time
import zlib
from typing import TYPE_CHECKING, NamedTuple

from engine.executors.ssh.agent.words import Agent, Refusal, refusal_of

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Protocol

    from engine.executors.ssh.agent.words import Arguments, Verb

    class Digest(Protocol):
        """A hash under way."""

        def update(self, data: bytes | memoryview, /) -> None: ...
        def hexdigest(self) -> str: ...


FOLDER = "objects"
PARTS = "parts"
LARGEST_PACK = 64 << 20
LONGEST_LIST = 1 << 29
MOST_ASKED = 200_000
_SHA = re.compile(r"[0-9a-f]{64}\Z")
_READ = 1 << 20
_AGAIN = "Send it again; what arrived before is kept."
# Of this process's drafts; its number alone may also be another's, on another machine with the same home.
MARK = f"{os.getpid()}.{os.urandom(4).hex()}"
# Of parts that grow here: the folder entry (inode), bytes hashed so far, and their hash. So that the last pack of a
# large file is not followed by a reading of all of it. One agent is one process: nobody else looks in here.
_hashing: dict[str, tuple[int, int, Digest]] = {}


class Piece(NamedTuple):
    """A stretch of one file within a pack."""

    sha256: str
    offset: int
    length: int
    total: int
    """Bytes of the whole file."""


def object_path(agent: Agent, sha256: str) -> str:
    """Where a file of this content lies, or would. A text: thousands a second are made, and `Path` is slow."""
    return f"{agent.root}/{FOLDER}/{sha256[:2]}/{sha256}"


def part_path(agent: Agent, sha256: str) -> str:
    return f"{agent.root}/{FOLDER}/{PARTS}/{sha256}"


def require_sha(value: object) -> str:
    """Give the hash back.

    Raises:
        Refusal: `host_request_invalid` when it is none: it becomes a name on the disk.
    """
    if isinstance(value, str) and _SHA.match(value):
        return value
    raise Refusal("host_request_invalid", f"{str(value)[:80]!r} is no SHA-256.")


def require_size(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62:
        return value
    raise Refusal("host_request_invalid", f"{str(value)[:80]!r} is no number of bytes.")


def size_of(path: str) -> int:
    """Bytes of a file; -1 when there is none."""
    try:
        return os.lstat(path).st_size
    except OSError:
        return -1


def is_here(path: str, sha256: str, size: int) -> bool:
    """Whether an object is whole. One of the wrong size is read: the one who asks may be wrong about it."""
    here = size_of(path)
    if here == size or here < 0:
        return here == size
    digest = hashlib.sha256()
    with open(path, "rb") as file:  # noqa: PTH123  # a text, see `object_path`
        for block in iter(lambda: file.read(_READ), b""):
            digest.update(block)
    return digest.hexdigest() == sha256


def parse_json(payload: bytes) -> list[list[object]]:
    """Read a list of lists.

    Raises:
        Refusal: `host_request_invalid`.
    """
    try:
        value = json.loads(payload.decode("utf-8"))
    except ValueError as error:
        raise Refusal("host_request_invalid", "The list in the request is no JSON.") from error
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):  # pyright: ignore[reportUnknownVariableType]  # just read
        raise Refusal("host_request_invalid", "The request holds no list of lists.")
    return value  # pyright: ignore[reportUnknownVariableType]  # looked at above


def unpacked(arguments: Arguments, payload: bytes) -> bytes:
    """The list in a request, which may be compressed."""
    if arguments.get("encoding") != "zlib":
        return payload
    try:
        return zlib.decompressobj().decompress(payload, LONGEST_LIST)
    except zlib.error as error:
        raise Refusal("transfer_damaged", "The list in the request cannot be unpacked.", _AGAIN) from error


def missing(agent: Agent, arguments: Arguments, payload: bytes) -> tuple[Arguments, bytes]:
    """Of a JSON list of [sha256, size], give those that are not here, as [sha256, bytes of it that are].

    An object of another size may have been cut short by a power failure; then it loses its name and is missing.
    """
    asked = parse_json(unpacked(arguments, payload))
    if len(asked) > MOST_ASKED:
        raise Refusal("host_request_invalid", f"More than {MOST_ASKED} files were asked after at once.")
    absent: list[tuple[str, int]] = []
    for row in asked:
        sha, size = require_sha(row[0] if row else None), require_size(row[-1] if row else None)
        path = object_path(agent, sha)
        if is_here(path, sha, size):
            continue
        if size_of(path) >= 0:
            os.unlink(path)  # noqa: PTH108
        absent.append((sha, min(max(size_of(part_path(agent, sha)), 0), size)))
    return {"missing": len(absent)}, json.dumps(absent).encode("ascii")


def pack(agent: Agent, arguments: Arguments, payload: bytes) -> tuple[Arguments, bytes]:
    """Keep the pieces of a pack: those that are a whole file under their name, others at the end of their part.

    Arguments: `pieces` as [sha256, offset, length, total], `encoding` none or zlib, `crc32` of the payload as sent,
    which may be absent where every piece is a whole file and so has its own hash.
    Pieces that are here already are passed over: two desktops may send the same file at once.

    Raises:
        Refusal: `transfer_damaged` for a pack or file that is not what it says it is (it is not kept), `transfer_gap`
            for a piece beyond what is here, `host_disk_full`, `host_request_invalid`.
    """
    rows: list[object] = arguments.get("pieces") or []
    pieces = [_piece(row) for row in rows]
    checked = "crc32" in arguments or any(piece.length != piece.total for piece in pieces)
    if checked and zlib.crc32(payload) != arguments.get("crc32"):
        raise Refusal("transfer_damaged", "A pack of files was damaged on its way to the host.", _AGAIN)
    content = memoryview(
        _decoded(str(arguments.get("encoding", "none")), payload, sum(p.length for p in pieces))
    )
    folder = agent.root / FOLDER
    whole = at = 0
    try:
        for piece in pieces:
            data = content[at : at + piece.length]
            at += piece.length
            if piece.length == piece.total:
                _keep(agent, piece.sha256, data)
                whole += 1
            else:
                whole += _append(agent, piece, data)
    except OSError as error:
        raise refusal_of(error, folder) from error
    return {"whole": whole, "bytes": at}, b""


def catch_up(agent: Agent, arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """Hash for a while what an earlier agent has received of a file; give how far that is, and the part's size.

    Asked again until both are equal: in one go, a large part on a slow disk would look like an agent that is frozen.
    """
    path = part_path(agent, require_sha(arguments.get("sha256")))
    if size_of(path) < 0:
        return {"hashed": 0, "size": 0}, b""
    with _alone(path) as descriptor:
        size = os.fstat(descriptor).st_size
        until = time.monotonic() + float(arguments.get("seconds", 2.0))
        return {"hashed": _hash_up_to(path, descriptor, size, until)[0], "size": size}, b""


def discard(agent: Agent, arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """Forget what has arrived of a file: the desktop found that it sent something else."""
    path = part_path(agent, require_sha(arguments.get("sha256")))
    freed = size_of(path)
    if freed >= 0:
        os.unlink(path)  # noqa: PTH108
    return {"freed": max(freed, 0)}, b""


def _piece(row: object) -> Piece:
    if not isinstance(row, list) or len(row) != 4:  # pyright: ignore[reportUnknownArgumentType]  # from JSON
        raise Refusal("host_request_invalid", "A piece of a pack is not told by four values.")
    sha, *numbers = row  # pyright: ignore[reportUnknownVariableType]  # looked at one by one
    piece = Piece(require_sha(sha), *(require_size(number) for number in numbers))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if piece.offset + piece.length > piece.total:
        raise Refusal("host_request_invalid", "A piece of a pack is longer than its file.")
    return piece


def _decoded(encoding: str, payload: bytes, size: int) -> bytes:
    """Never more than `size` bytes, whatever a compressed payload would grow to."""
    if size > LARGEST_PACK:
        raise Refusal("host_request_invalid", f"A pack of {size} bytes is too large.")
    if encoding == "zlib":
        reader = zlib.decompressobj()
        try:
            payload = reader.decompress(payload, size + 1)
        except zlib.error as error:
            raise Refusal("transfer_damaged", "A pack of files cannot be unpacked.", _AGAIN) from error
    if len(payload) != size:
        raise Refusal("host_request_invalid", "The pieces of a pack do not fill it.")
    return payload


def _keep(agent: Agent, sha256: str, data: memoryview) -> None:
    path = object_path(agent, sha256)
    if size_of(path) == len(data):
        return
    _require_content(sha256, hashlib.sha256(data))
    draft = f"{path[:-64]}.{sha256}.{MARK}"
    try:
        descriptor = _create(draft)
        try:
            _write_all(descriptor, data)
        finally:
            os.close(descriptor)  # which may be where a network's file system tells that it is full
        os.rename(draft, path)  # noqa: PTH104
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(draft)  # noqa: PTH108
        raise


def _create(path: str) -> int:
    # Read-only: the trees' files are these very files, and a program that writes into one would change them all.
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    try:
        return os.open(path, flags, 0o444)
    except FileNotFoundError:
        os.makedirs(path.rpartition("/")[0], exist_ok=True)  # noqa: PTH103
        return os.open(path, flags, 0o444)


def _append(agent: Agent, piece: Piece, data: memoryview) -> bool:
    """Add what is new in the piece to the file's part. Say whether the file is whole now."""
    path = part_path(agent, piece.sha256)
    target = object_path(agent, piece.sha256)
    with _alone(path) as descriptor:
        if size_of(target) == piece.total:  # another desktop has sent it in the meantime
            os.unlink(path)  # noqa: PTH108
            return True
        here = os.fstat(descriptor).st_size
        if piece.offset > here:
            raise Refusal("transfer_gap", "A file on the host has lost its beginning.", _AGAIN)
        new = data[here - piece.offset :]
        os.lseek(descriptor, here, os.SEEK_SET)
        _write_all(descriptor, new)
        digest = _hash_on(path, descriptor, here, new)
        if here + len(new) < piece.total:
            return False
        _hashing.pop(path, None)
        try:
            _require_content(piece.sha256, digest)
        except Refusal:
            os.unlink(path)  # noqa: PTH108
            raise
        os.fchmod(descriptor, 0o444)
        os.makedirs(target[:-65], exist_ok=True)  # noqa: PTH103
        os.rename(path, target)  # noqa: PTH104
        return True


def _hash_on(path: str, descriptor: int, here: int, new: memoryview) -> Digest:
    """The hash of a part after `new` was added at `here`."""
    _, digest = _hash_up_to(path, descriptor, here, float("inf"))
    digest.update(new)
    _hashing[path] = (os.fstat(descriptor).st_ino, here + len(new), digest)
    return digest


def _hash_up_to(path: str, descriptor: int, size: int, until: float) -> tuple[int, Digest]:
    """Read what this process has not hashed of a part, at most until a time. Gives how far it came.

    A part only ever grows at its end, so what was hashed once stays true while it is the same file.
    """
    inode = os.fstat(descriptor).st_ino
    known, hashed, digest = _hashing.get(path, (0, 0, hashlib.sha256()))
    if known != inode or hashed > size:
        hashed, digest = 0, hashlib.sha256()
    while hashed < size and time.monotonic() < until:
        block = os.pread(descriptor, min(_READ, size - hashed), hashed)
        if not block:
            break
        digest.update(block)
        hashed += len(block)
    _hashing[path] = (inode, hashed, digest)
    return hashed, digest


@contextlib.contextmanager
def _alone(path: str) -> Generator[int]:
    """Open a part; no other agent writes to it meanwhile, and it still has its name."""
    os.makedirs(path[:-65], exist_ok=True)  # noqa: PTH103
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            except OSError as error:
                if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
                    raise  # only a file system that knows no locks goes without
            if _still_named(path, descriptor):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _still_named(path: str, descriptor: int) -> bool:
    try:
        return os.lstat(path).st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _require_content(sha256: str, digest: Digest) -> None:
    if digest.hexdigest() != sha256:
        raise Refusal(
            "transfer_damaged", f"A file that arrived is not the one with the hash {sha256}.", _AGAIN
        )


VERBS: dict[str, Verb] = {"missing": missing, "pack": pack, "catch_up": catch_up, "discard": discard}
