"""The user's settings: one JSON file, dotted names, written whole; what the engine reads in it is never lost."""

from __future__ import annotations

import contextlib
import json
from typing import TypeVar, cast

from PySide6.QtCore import QObject, QTimer, Signal

from engine.errors import UserError
from engine.protocol.disk import write_error
from engine.protocol.home import Home
from engine.protocol.run_folder import write_atomic

Value = TypeVar("Value")
_REST_MS = 500


class Settings(QObject):
    """`get("tracking.enabled", True)` reads `{"tracking": {"enabled": …}}` of settings.json."""

    changed = Signal(str)
    """The dotted name that was set."""
    failed = Signal(str)
    """A sentence: the file cannot be written; the value holds until the window closes."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._path = home.settings_path
        self.trouble = ""
        """Why the file could not be read, as a sentence; empty when it could."""
        self._values = self._read()
        self._waiting: dict[str, object] = {}
        self._writing = QTimer(self)
        self._writing.setSingleShot(True)
        self._writing.setInterval(_REST_MS)
        self._writing.timeout.connect(self.flush)

    def get(self, name: str, default: Value) -> Value:
        """Give a setting; the default where it is not set, or is of another type."""
        found: object = self._values
        for part in name.split("."):
            if not isinstance(found, dict):
                return default
            found = cast("dict[str, object]", found).get(part)
        if isinstance(default, float) and isinstance(found, int) and not isinstance(found, bool):
            found = float(found)
        fits = found is not None and (default is None or type(found) is type(default))
        return cast("Value", found) if fits else default

    def set(self, name: str, value: object) -> None:
        """Keep a setting, None forgets it; what else the file holds stays. It is on disk when this returns."""
        self._waiting[name] = value
        self.flush()
        self.changed.emit(name)

    def set_soon(self, name: str, value: object) -> None:
        """Keep a setting that follows a slider: it holds at once, and is written when the hand rests."""
        self._waiting[name] = value
        self._put(name, value)
        self._writing.start()
        self.changed.emit(name)

    def flush(self) -> None:
        """Write what waits to be written."""
        self._writing.stop()
        if not self._waiting:
            return
        with contextlib.suppress(OSError, ValueError):  # another process may have written meanwhile
            self._values = self._read()
        for name, value in self._waiting.items():
            self._put(name, value)
        self._waiting.clear()
        try:
            write_atomic(self._path, json.dumps(self._values, indent=1, ensure_ascii=False).encode())
            self._path.chmod(0o600)  # a tracking server's password may stand in it
        except OSError as error:
            told: UserError = write_error(error, self._path)
            self.failed.emit(str(told))

    def _put(self, name: str, value: object) -> None:
        *parts, last = name.split(".")
        place = self._values
        for part in parts:
            inner = place.get(part)
            if not isinstance(inner, dict):
                inner = place[part] = {}
            place = cast("dict[str, object]", inner)
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value

    def _read(self) -> dict[str, object]:
        try:
            found: object = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self.trouble = (
                f"The settings in {self._path} cannot be read ({str(error).splitlines()[0]}); "
                "the defaults are used, and the file was kept as settings.damaged.json."
            )
            with contextlib.suppress(OSError):
                self._path.with_name("settings.damaged.json").write_bytes(self._path.read_bytes())
            return {}
        return cast("dict[str, object]", found) if isinstance(found, dict) else {}
