"""What a user may point at: a folder, a zip of one, or a table; and errors in the words of that path."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from engine.datasets.formats.layout import is_table_name
from engine.errors import UserError


def source_at(path: Path) -> Path:
    """Give the absolute path of something that may hold a dataset.

    Raises:
        UserError: `path_missing`, `not_a_dataset`, `path_not_text`.
    """
    source = Path(os.path.normpath(path.expanduser().absolute()))
    require_text(source)
    if not source.exists():
        raise UserError("path_missing", f"There is no {source}.", "Check the path.")
    if not source.is_dir() and not is_archive(source) and not is_table_name(source):
        raise UserError(
            "not_a_dataset",
            f"{source} is a file; a dataset is a folder, a zip of one, or a table of labels beside its images.",
            "Give the folder that holds the images.",
        )
    return source


def is_archive(source: Path) -> bool:
    return source.suffix.lower() == ".zip" and source.is_file()


def require_text(path: Path) -> None:
    """See that a path can be written down.

    Raises:
        UserError: `path_not_text` when its bytes are of another encoding than UTF-8.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        shown = os.fsencode(path).decode("utf-8", "replace")
        raise UserError(
            "path_not_text",
            f"The path {shown} holds a name that is not UTF-8, which no record can hold.",
            "Rename that folder, then try again.",
        ) from error


@contextmanager
def named(source: Path, scratch: Path) -> Generator[None]:
    """Tell errors about an unpacked archive by the archive's own path, not by the scratch folder's."""
    try:
        yield
    except UserError as error:
        message, hint = (text.replace(str(scratch), str(source)) for text in (error.message, error.hint))
        raise UserError(error.code, message, hint, error.details) from error
