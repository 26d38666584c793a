"""What can be done with image files outside the application: show them in their folder, copy their paths."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication


def show_in_folder(path: Path) -> bool:
    """Open the file manager at a file, marked where the system can; says whether it could be asked."""
    if sys.platform == "win32":
        subprocess.Popen(["explorer", "/select,", str(path)])
        return True
    if sys.platform == "darwin":
        subprocess.Popen(["open", "-R", str(path)])
        return True
    return open_folder(path.parent)


def open_folder(path: Path) -> bool:
    """Open the file manager in a folder; says whether it could be asked."""
    return path.is_dir() and QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def copy_paths(paths: Sequence[Path]) -> None:
    """Put paths into the clipboard, one a line."""
    QGuiApplication.clipboard().setText("\n".join(str(path) for path in paths))
