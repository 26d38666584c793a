"""The colours of a heat map: equal steps of a value look like equal steps, and nothing is see-through."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

_SCALE = "inferno"
"""Even to the eye, and told apart without colour vision: brightness rises all along."""
_VALUES = 256


def heat_colors() -> NDArray[np.uint32]:
    """Give 256 colours, 0 to 1, as QImage.Format_ARGB32_Premultiplied takes them: the less heat, the less is drawn.

    Reads a file of pyqtgraph's: never in the GUI's thread.
    """
    scale = pg.colormap.get(_SCALE)
    assert scale is not None  # pyqtgraph brings it
    table = np.asarray(scale.getLookupTable(0.0, 1.0, _VALUES, alpha=False), dtype=np.uint32)
    alpha = np.arange(_VALUES, dtype=np.uint32)
    red, green, blue = (table[:, part] * alpha // (_VALUES - 1) for part in range(3))
    return ((alpha << 24) | (red << 16) | (green << 8) | blue).astype(np.uint32)
