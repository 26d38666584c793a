"""A predictor that explains at once, for pages with heat maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from engine.errors import UserError

Answer = dict[str, object]


class Explaining:
    """Answers `explain` with a map whose left half is hot; holds its answers back while `is_slow`."""

    def __init__(self, folder: Path) -> None:
        self.map = folder / "heat.png"
        gray = np.zeros((4, 4), np.uint8)
        gray[:, :2] = 255
        Image.fromarray(gray).save(self.map)
        self.asked: list[Mapping[str, object]] = []
        self.forgotten: list[int] = []
        self.error: UserError | None = None
        self.is_slow = False
        self._held: list[Callable[[], object]] = []

    def ask(
        self,
        verb: str,
        payload: Mapping[str, object],
        then: Callable[[Answer], object] | None = None,
        failed: Callable[[UserError], object] | None = None,
    ) -> int:
        assert verb == "explain"
        assert then is not None
        assert failed is not None
        self.asked.append(payload)
        answer: Answer = {
            "map": str(self.map),
            "area": [10.0, 0.0, 30.0, 20.0],
            "size": [40, 20],
            "label": payload["class"] or "star",
            "is_empty": False,
        }
        error = self.error
        self._held.append((lambda: then(answer)) if error is None else (lambda: failed(error)))
        if not self.is_slow:
            self.go_on()
        return len(self.asked)

    def go_on(self) -> None:
        """Give the answers that were held back."""
        held, self._held = self._held, []
        for answer in held:
            answer()

    def forget(self, number: int) -> None:
        self.forgotten.append(number)
