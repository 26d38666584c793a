"""The composition root: one window for one user folder, its fonts and theme, and a clean end."""

from __future__ import annotations

import json
import locale
import logging
import logging.handlers
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop.bridge.garbage import GarbageInThisThread
from desktop.bridge.log_level import apply_level
from desktop.bridge.single_instance import SingleInstance
from desktop.context import Context
from desktop.main_window import MainWindow
from desktop.theme.fonts import load_fonts
from desktop.theme.theme import Choice, theme
from engine.errors import UserError
from engine.protocol.home import Home

PROBE_VARIABLE = "LENSMITH_STARTUP_PROBE"
"""Set to 1, the window prints the seconds until its first paint as JSON and closes."""
_LOG_BYTES = 1_000_000
_LOG = logging.getLogger(__name__)
_TURN_S = 0.001
"""For so long a thread in the background may keep the window's waiting: Python's own 5 ms are a third of a frame."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the window and give the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    began = time.monotonic()
    application = make_application()
    try:
        home = Home.default().ensure()
    except UserError as error:
        return _refuse(error)
    _log_to(home.logs / "desktop.log")
    instance = SingleInstance(home)
    if not instance.is_first():
        if instance.raise_first():
            return 0
        return _refuse(
            UserError(
                "window_open",
                f"A window for {home.path} is open already, but does not answer.",
                "Close it, or end its process, then start Lensmith again.",
            )
        )
    garbage = GarbageInThisThread(application)
    context = Context(home)
    apply_level(context.settings)
    theme.choose(_theme_of(context))
    window = MainWindow(context)
    instance.asked_to_raise.connect(window.come_to_front)
    watch = _Start(context, window, began)
    window.first_painted.connect(watch.painted)
    window.go(_first_page(context, given), {})
    window.show()
    code = application.exec()
    context.close()
    instance.release()
    garbage.give_back()
    return code


def make_application() -> QApplication:
    """Make Qt's application with our fonts; the theme is chosen later."""
    existing = QCoreApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    QApplication.setApplicationName("Lensmith")
    QApplication.setApplicationDisplayName("Lensmith")
    QApplication.setDesktopFileName("lensmith")
    application = QApplication(["lensmith"])
    locale.setlocale(locale.LC_NUMERIC, "C")  # Qt has set the system's, in which 0.5 may be 0,5
    sys.setswitchinterval(_TURN_S)
    load_fonts()
    from desktop.theme.app_icon import app_icon

    application.setWindowIcon(app_icon())
    return application


class _Start(QObject):
    """What happens once the window is on the screen."""

    def __init__(self, context: Context, window: MainWindow, began: float) -> None:
        super().__init__(window)
        self._context = context
        self._began = began

    def painted(self) -> None:
        if os.environ.get(PROBE_VARIABLE):
            sys.stdout.write(json.dumps({"seconds": time.monotonic() - self._began}) + "\n")
            sys.stdout.flush()
            QTimer.singleShot(0, QCoreApplication.quit)
            return
        self._context.start()
        if self._context.settings.trouble:
            self._context.toast("The settings cannot be read", "bad", self._context.settings.trouble)


def _first_page(context: Context, arguments: Sequence[str]) -> str:
    wanted = arguments[0] if arguments else ""
    from desktop.page_shelf import PAGES

    return wanted if wanted in PAGES else context.settings.get("window.first_page", "home")


def _theme_of(context: Context) -> Choice:
    chosen = context.settings.get("appearance.theme", "system")
    return "dark" if chosen == "dark" else "light" if chosen == "light" else "system"


def _log_to(path: Path) -> None:
    """Keep the window's own log: a file of bounded size."""
    try:
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8"
        )
    except OSError:
        handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    sys.excepthook = _note_bug


def _note_bug(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """A bug in a slot is written down and the window goes on."""
    _LOG.error("A bug in the window.", exc_info=error)
    sys.__excepthook__(kind, error, error.__traceback__)
    _ = trace


def _refuse(error: UserError) -> int:
    """Say why no window opens, where the user looks."""
    sys.stderr.write(f"{error}\n")
    from desktop.widgets.dialogs import Question

    theme.choose("system")
    Question(None, error.message, error.hint, ()).exec()
    return 2
