"""One picture of one state of one page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture, or why there is none.

    Attributes:
        page: of the window.
        state: of the page, in words with `_` between them.
        theme: dark or light.
        scale: device pixels a pixel.
        trouble: why it could not be taken; empty when it was.
    """

    page: str
    state: str
    theme: str
    scale: int
    trouble: str = ""

    @property
    def file(self) -> str:
        return f"{self.page}-{self.state}-{self.theme}-{self.scale}x.png"
