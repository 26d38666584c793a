"""Unpack a zip of images without trusting it: nothing outside the target, no links, no bombs."""

from __future__ import annotations

import lzma
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from engine.datasets.hashing import Progress, no_progress
from engine.errors import UserError
from engine.protocol.disk import write_error
from engine.protocol.operating_system import free_disk_bytes

MAX_RATIO = 200
"""Unpacked over packed bytes of the whole archive; photos hardly shrink at all."""
MAX_FILES = 2_000_000
_RATIO_COUNTS_FROM = 100 * 1024 * 1024
_CHUNK = 1 << 20
_DAMAGE = (
    zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, zlib.error, lzma.LZMAError,
    FileExistsError, NotADirectoryError, IsADirectoryError, UnicodeError,
)  # fmt: skip
"""Broken or encrypted streams, and names that are a file here and a folder there."""


def extract_zip(archive: Path, target: Path, progress: Progress = no_progress) -> None:
    """Unpack into a new folder; on any refusal nothing is left of it.

    Raises:
        UserError: `archive_damaged`, `archive_unsafe`, `disk_full`.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            _require_harmless(archive, members, target.parent)
            target.mkdir(parents=True)
            for number, member in enumerate(members, start=1):
                _extract(opened, member, target)
                progress(number, len(members), "Unpacking")
    except _DAMAGE as error:
        shutil.rmtree(target, ignore_errors=True)
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(
            "archive_damaged",
            f"{archive} cannot be unpacked: {why.rstrip('.')}.",
            "Make the zip anew, without a password.",
        ) from error
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise write_error(error, target) from error
    except UserError:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _require_harmless(archive: Path, members: list[zipfile.ZipInfo], place: Path) -> None:
    for member in members:
        if not _is_inside(member.filename) or stat.S_ISLNK(member.external_attr >> 16):
            raise UserError(
                "archive_unsafe",
                f"{archive} holds {member.filename!r}, which would be written outside its folder.",
                "Do not trust this archive. Nothing was unpacked.",
            )
    size = sum(member.file_size for member in members)
    packed = max(1, archive.stat().st_size)  # not what members claim: they may overlap
    if len(members) > MAX_FILES or (size > _RATIO_COUNTS_FROM and size / packed > MAX_RATIO):
        raise UserError(
            "archive_unsafe",
            f"{archive} would unpack to {len(members)} files of {size / 1e9:.1f} GB from {packed / 1e6:.1f} MB.",
            "Unpack it yourself if you trust it, then import the folder.",
        )
    place.mkdir(parents=True, exist_ok=True)
    free = free_disk_bytes(place)
    if size > free:
        raise UserError(
            "disk_full",
            f"{archive} needs {size / 1e9:.1f} GB unpacked, and {free / 1e9:.1f} GB are free.",
            "Free some space, or unpack it on another disk and import the folder.",
        )


def _is_inside(name: str) -> bool:
    plain = name.replace("\\", "/")
    parts = PurePosixPath(plain).parts
    return not plain.startswith("/") and ".." not in parts and not any(":" in part for part in parts[:1])


def _extract(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    path = target.joinpath(*PurePosixPath(member.filename.replace("\\", "/")).parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(member) as source, path.open("wb") as file:
        left = member.file_size
        # The directory's word is not trusted: no file grows beyond what it announced.
        while left >= 0 and (data := source.read(_CHUNK)):
            left -= len(data)
            file.write(data)
    if left < 0:
        raise UserError(
            "archive_unsafe",
            f"{member.filename!r} is larger than the archive says.",
            "Do not trust this archive. Nothing was unpacked.",
        )
