"""The window before there is anything in it, what lies above its pages, and all pages at their smallest."""

from __future__ import annotations

from tests.recorder.play import Pause, Script, Until, later
from tests.recorder.stage import LONG_S, Stage

PAGES = ("home", "data", "train", "validate", "predict", "export", "jobs", "plugins", "settings")


def loading(stage: Stage) -> Script:
    """Pages that wait for the engine to describe its plugins, which takes some seconds."""
    for page in ("plugins", "train"):
        yield from stage.go(page)
        if not stage.context.catalogue.is_loaded:
            yield from stage.camera.take(page, "loading")


def first_start(stage: Stage) -> Script:
    """Every page with nothing to show."""
    yield Until(lambda: stage.context.catalogue.is_loaded, "the list of plugins", LONG_S)
    for page in ("home", "data", "train", "validate", "predict", "export", "jobs"):
        yield from stage.go(page)
        yield Pause(400)
        yield from stage.camera.take(page, "empty")


def settings(stage: Stage) -> Script:
    """The settings from top to bottom."""
    yield from stage.go("settings")
    yield Pause(500)
    yield from stage.camera.take("settings", "ready")


def shell(stage: Stage) -> Script:
    """Palette, list of keys, messages."""
    yield from stage.go("home")
    stage.window.palette_box.open()
    yield from stage.camera.take("home", "palette")
    stage.window.palette_box.close_palette()
    later(stage.window.show_keys)
    yield Pause(400)
    yield from stage.camera.take("home", "keys")
    yield from stage.tidy()
    toast = stage.context.toast
    toast("Moved second to the trash", "info", action=("Undo", lambda: None))
    toast("The plugin is written", "ok", "Change it, and it is read again by itself.")
    toast("Live values are not available", "warn", "Progress is read from the store every two seconds.")
    toast("The disk is full", "bad", "Free some space, then resume the run from its last checkpoint.")
    yield from stage.camera.take("home", "messages")


def minimum(stage: Stage) -> Script:
    """All pages at the smallest size that the window takes."""
    for page in PAGES:
        if stage.camera.wants(page):
            yield from stage.go(page)
            yield Pause(300)
            yield from stage.small(page)
