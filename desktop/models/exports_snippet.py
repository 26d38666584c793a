"""Programs, ready to be copied, that run an exported file outside of Lensmith: one for each task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

_MARGIN = 1.15
"""The engine scales the shorter side to this many times the input before it cuts the middle out."""

_HEAD = '''\
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
method = Image.Resampling[facts["resize_method"].upper()]
session = onnxruntime.InferenceSession(str(MODEL), providers=["CPUExecutionProvider"])


def opened(file):
    return ImageOps.exif_transpose(Image.open(file)).convert("RGB")


def pixels(image):
    """Scale the shorter side to {margin} x the input; then cut out the middle, or squeeze all of it, as in training."""
    shorter = math.ceil({margin} * width)
    scale = shorter / min(image.size)
    if facts["framing"] == "whole":
        if scale < 1:
            image = image.resize([round(side * scale) for side in image.size], method)
        image = image.resize((width, height), method)
    else:
        image = image.resize([max(shorter, round(side * scale)) for side in image.size], method)
        left, top = (image.width - width) // 2, (image.height - height) // 2
        image = image.crop((left, top, left + width, top + height))
    return np.asarray(image, dtype=np.float32).transpose(2, 0, 1)


def outputs(image):
    x = pixels(image)
{normalise}    (y,) = session.run(None, {{"images": x[None]}})
    return y


'''
_NORMALISE = """\
    mean, std = (np.array(facts[key], dtype=np.float32)[:, None, None] for key in ("mean", "std"))
    x = (x / 255 - mean) / std
"""

_SOFTMAX = """\
    y = np.exp(y - y.max(axis=1, keepdims=True))
    y /= y.sum(axis=1, keepdims=True)
"""
_CLASSES = """\
def predict(file):
    y = outputs(opened(file))
{softmax}    return sorted(zip(facts["class_names"], y[0].tolist()), key=lambda pair: -pair[1])[:5]


for name, probability in predict("image.jpg"):
    print(f"{{probability:6.1%}}  {{name}}")
"""

_BOXES = '''\
def overlap(a, b):
    """Common area over the area of both."""
    sides = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None)
    both = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - sides.prod()
    return sides.prod() / both if both > 0 else 0.0


def predict(file, least=0.3, most_overlap=0.5):
    """Give (class, probability, [left, top, right, bottom] in pixels of the image), the surest first."""
    image = opened(file)
    y = outputs(image)[0]  # corners in pixels of the input, then a probability for each class
    boxes, scores = np.clip(y[:, :4], 0, width), y[:, 4:]
    kept = []
    for row, label in sorted(zip(*np.nonzero(scores > least)), key=lambda place: -scores[place]):
        if all(label != other or overlap(boxes[row], boxes[there]) <= most_overlap for there, other in kept):
            kept.append((row, label))
    to_image = np.array([image.width / width, image.height / height] * 2)
    return [(facts["class_names"][label], scores[row, label], boxes[row] * to_image) for row, label in kept]


for name, probability, box in predict("image.jpg"):
    print(f"{probability:6.1%}  {name}  {box.round(1).tolist()}")
'''

_MASK = '''\
def predict(file):
    """Give the number of each pixel's class, as a gray image of the same size."""
    image = opened(file)
    classes = outputs(image)[0].argmax(axis=0).astype(np.uint8)
    return Image.fromarray(classes).resize(image.size, Image.Resampling.NEAREST)


mask = predict("image.jpg")
mask.save("mask.png")
for number, name in enumerate(facts["class_names"]):
    print(f"{(np.asarray(mask) == number).mean():6.1%}  {name}")
'''

_NUMBERS = """\
y = outputs(opened("image.jpg"))
print(y.shape, y)
"""
_ANSWERS = {"classification": _CLASSES, "detection": _BOXES, "segmentation": _MASK}


def python_snippet(path: Path, options: Mapping[str, object], task: str = "classification") -> str:
    """Give a Python program that runs an ONNX file with ONNX Runtime.

    Args:
        path: of the file.
        options: of its export: what the file does itself is left out.
        task: what the file answers; of an unknown one the program shows the bare numbers.
    """
    head = _HEAD.format(
        path=json.dumps(str(path), ensure_ascii=False),
        margin=_MARGIN,
        normalise="" if options.get("include_preprocessing", True) else _NORMALISE,
    )
    answer = _ANSWERS.get(task, _NUMBERS)
    if answer is _CLASSES:
        answer = answer.format(softmax="" if options.get("include_postprocessing", True) else _SOFTMAX)
    return head + answer
