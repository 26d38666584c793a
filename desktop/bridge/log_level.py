"""How much the window's log holds, as the settings say."""

from __future__ import annotations

import logging

from desktop.bridge.settings import Settings

LEVEL = "logs.level"
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}


def level_of(settings: Settings) -> str:
    """The level in the settings: debug, info or warning; info for none, or one that there is not."""
    chosen = settings.get(LEVEL, "info")
    return chosen if chosen in _LEVELS else "info"


def apply_level(settings: Settings) -> None:
    """Let the log hold as much as the settings say, from now on."""
    logging.getLogger().setLevel(_LEVELS[level_of(settings)])
