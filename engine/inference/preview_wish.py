"""What a preview of the augmentation is asked for, read from a request of the predictor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from engine.errors import UserError

MOST_IMAGES = 24
MOST_EPOCHS = 16
_SIZES = (32, 2048)
_DEFAULTS = {"size": 512, "count": 1, "pick": 0}


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be shown."""

    plugin: str
    config: Mapping[str, object]
    dataset: str
    split: str = "train"
    images: tuple[int, ...] = ()
    """Positions in the manifest's items; without any, `count` of them are picked."""
    count: int = 1
    pick: int = 0
    """Which are picked: each number other ones."""
    seed: int | None = None
    """In the place of the configured one."""
    epochs: tuple[int, ...] = (0,)
    size: int = 512
    """Longer side of the files at most, pixels."""


def read_wish(request: Mapping[str, object]) -> Wish:
    """Read a request's fields; those that may be left out get their defaults.

    Raises:
        UserError: `request_invalid` naming the field.
    """
    config = request.get("config")
    if not isinstance(config, Mapping):
        raise _wrong("config", "an object of settings")
    seed = request.get("seed")
    if seed is not None and (not _is_count(seed) or cast("int", seed) >= 2**31):
        raise _wrong("seed", "a whole number of at least 0")
    size, count, pick = (_count(request, name, _DEFAULTS[name]) for name in ("size", "count", "pick"))
    if not 1 <= count <= MOST_IMAGES:
        raise _wrong("count", f"a number from 1 to {MOST_IMAGES}")
    return Wish(
        plugin=_name(request, "plugin"),
        config=cast("Mapping[str, object]", config),
        dataset=_name(request, "dataset"),
        split=str(request.get("split") or "train"),
        images=_counts(request, "images", (), MOST_IMAGES),
        count=count,
        pick=pick,
        seed=cast("int | None", seed),
        epochs=_counts(request, "epochs", (0,), MOST_EPOCHS) or (0,),
        size=min(max(size, _SIZES[0]), _SIZES[1]),
    )


def _name(request: Mapping[str, object], key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str) or not value:
        raise _wrong(key, "a name")
    return value


def _count(request: Mapping[str, object], key: str, default: int) -> int:
    value = request.get(key, default)
    if not _is_count(value):
        raise _wrong(key, "a whole number of at least 0")
    return cast("int", value)


def _counts(request: Mapping[str, object], key: str, default: tuple[int, ...], most: int) -> tuple[int, ...]:
    value = request.get(key, default)
    listed = list(cast("list[object]", value)) if isinstance(value, (list, tuple)) else [None]
    if len(listed) > most or not all(_is_count(one) for one in listed):
        raise _wrong(key, f"a list of at most {most} whole numbers")
    return tuple(cast("list[int]", listed))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _wrong(key: str, wanted: str) -> UserError:
    return UserError("request_invalid", f"The request needs {key!r}: {wanted}.")
