"""Programs, ready to be copied, that run an exported file outside of Lensmith."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

_MARGIN = 1.15
"""The engine scales the shorter side to this many times the input before it cuts the middle out."""

_PYTHON = '''\
# pip install onnxruntime pillow numpy
import json
import math
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

MODEL = Path({path})
facts = json.loads(MODEL.with_suffix(".json").read_text(encoding="utf-8"))
_, height, width = facts["input_size"]
session = onnxruntime.InferenceSession(str(MODEL), providers=["CPUExecutionProvider"])


def pixels(file):
    """Scale the shorter side to {margin} x the input, then cut out the middle, as in training."""
    image = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
    shorter = math.ceil({margin} * width)
    scale = shorter / min(image.size)
    image = image.resize([max(shorter, round(side * scale)) for side in image.size], Image.Resampling.BILINEAR)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    image = image.crop((left, top, left + width, top + height))
    return np.asarray(image, dtype=np.float32).transpose(2, 0, 1)


def predict(file):
    x = pixels(file)
{normalise}    (y,) = session.run(None, {{"images": x[None]}})
{softmax}    return sorted(zip(facts["class_names"], y[0].tolist()), key=lambda pair: -pair[1])[:5]


for name, probability in predict("image.jpg"):
    print(f"{{probability:6.1%}}  {{name}}")
'''
_NORMALISE = """\
    mean, std = (np.array(facts[key], dtype=np.float32)[:, None, None] for key in ("mean", "std"))
    x = (x / 255 - mean) / std
"""
_SOFTMAX = """\
    y = np.exp(y - y.max(axis=1, keepdims=True))
    y /= y.sum(axis=1, keepdims=True)
"""


def python_snippet(path: Path, options: Mapping[str, object]) -> str:
    """Give a Python program that runs an ONNX file with ONNX Runtime.

    Args:
        path: of the file.
        options: of its export: what the file does itself is left out.
    """
    return _PYTHON.format(
        path=json.dumps(str(path), ensure_ascii=False),
        margin=_MARGIN,
        normalise="" if options.get("include_preprocessing", True) else _NORMALISE,
        softmax="" if options.get("include_postprocessing", True) else _SOFTMAX,
    )
