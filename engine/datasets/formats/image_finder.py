"""Find the image that a label file means: by its path, else by its name where only one image has it."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from engine.datasets.formats.layout import image_files


class ImageFinder:
    """Looks below one root, and never outside of it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._by_name: dict[str, list[Path]] | None = None
        self._by_stem: dict[str, list[Path]] = {}

    def find(self, name: str, folders: list[Path]) -> Path | None:
        """Find a file by the path that labels tell, in these folders first.

        Args:
            name: as told, perhaps with folders of another machine before it.
            folders: where to look; the one that has it moves to the front, for the next image is there too.
        """
        plain = name.replace("\\", "/")
        parts = [part for part in PurePosixPath(plain).parts if part not in ("/", ".")]
        if not parts or ".." in parts:
            return None
        for place, folder in enumerate(folders):
            for tail in dict.fromkeys(("/".join(parts), parts[-1])):
                path = Path(os.path.normpath(folder / tail))
                if _is_file(path):
                    folders.insert(0, folders.pop(place))
                    return path
        return self.by_name(parts)

    def by_name(self, parts: list[str]) -> Path | None:
        """Find an image by the last parts of its path, if only one fits."""
        found = self._names().get(parts[-1], [])
        if len(found) > 1 and len(parts) > 1:
            found = [path for path in found if path.parent.name == parts[-2]]
        return found[0] if len(found) == 1 else None

    def by_stem(self, stem: str) -> list[Path]:
        """Give the images whose name without its ending is this."""
        self._names()
        return self._by_stem.get(stem, [])

    def all(self) -> list[Path]:
        """Give all images below the root, sorted."""
        return sorted(path for paths in self._names().values() for path in paths)

    def _names(self) -> dict[str, list[Path]]:
        if self._by_name is None:
            self._by_name = {}
            for path in image_files(self._root):
                self._by_name.setdefault(path.name, []).append(path)
                self._by_stem.setdefault(path.stem, []).append(path)
        return self._by_name


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is no path at all
        return False
