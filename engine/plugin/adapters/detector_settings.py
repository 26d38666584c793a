"""Settings that detectors of every framework have: which of the objects that they find they tell of."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from engine.config.setting import Setting

MostOverlap = Annotated[
    float,
    Field(gt=0, le=1),
    Setting(
        label="Most overlap",
        group="model",
        help="Of two boxes of a class that overlap more, only the surer one is told.",
        advanced=True,
    ),
]
MostObjects = Annotated[
    int,
    Field(ge=1, le=1000),
    Setting(label="Most objects", group="model", help="Objects told of one image.", advanced=True),
]
LeastScore = Annotated[
    float,
    Field(ge=0, lt=1),
    Setting(
        label="Least score",
        group="model",
        help="Objects less sure than this are never told; metrics want it low.",
        advanced=True,
    ),
]
