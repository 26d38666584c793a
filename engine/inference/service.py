"""The predictor process: JSON lines on stdin and stdout; it keeps models loaded and ends when stdin ends.

One request a line: `{"id": 1, "verb": "predict", "checkpoint": FOLDER, "files": [...], "threshold": 0.0}`, with the
folder for files of masks in `masks` (without it they last as long as this process); also
`load`, `explain` (where the model looks: `file` and, other than the predicted one, `class`), `validate` (a plugin's
own check of a configuration), `preview` (what training images look like under one, see `preview_wish.py`), `place`
(on which device and with how many threads, see `model_place.py`) and `ping`.
Videos and cameras have verbs of their own, see `video.py`. One answer a line: `{"id": 1, "ok": true, ...}` or
`{"id": 1, "ok": false, "error": {"code", "message", "hint"}}`. Pixels and masks never travel through JSON.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

from engine.errors import UserError
from engine.inference.heat_map import explain_file
from engine.inference.model_place import ModelPlace
from engine.inference.predictor import Predictable, image_files, predict_files
from engine.inference.preview_wish import Wish, read_wish
from engine.inference.records import Telling
from engine.inference.video import VERBS, VideoDesk
from engine.protocol.checkpoint import META_NAME
from engine.protocol.operating_system import lower_priority

Load = Callable[[Path], Predictable]
Validate = Callable[[str, Mapping[str, object]], dict[str, object]]
Preview = Callable[[Wish], dict[str, object]]
MODELS_KEPT = 2


class Service:
    """Answers requests with the few models used last.

    Args:
        load: turns a checkpoint folder (or exported file) into a model.
        validate: checks a configuration with a plugin, by plugin name.
        preview: shows what a configuration makes of training images.
        place: where `load` puts models.
    """

    def __init__(
        self, load: Load, validate: Validate, preview: Preview, place: ModelPlace | None = None
    ) -> None:
        self._load = load
        self._validate = validate
        self._preview = preview
        self._place = place or ModelPlace()
        self._models: OrderedDict[Path, tuple[tuple[int, str], Predictable]] = OrderedDict()
        """With the moment at which each one's files were written, and where it computes."""
        self._videos = VideoDesk(self.model)
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def answer(self, line: str) -> dict[str, object]:
        """Answer one request line; never raises."""
        number: object = None
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise UserError("request_invalid", "A request is one JSON object a line.")
            number = request.get("id")
            return {"id": number, "ok": True, **self._do(request)}
        except json.JSONDecodeError as error:
            return _refusal(number, UserError("request_invalid", f"The request is not JSON: {error}."))
        except UserError as error:
            return _refusal(number, self._place.trouble(error) or error)
        except Exception as error:  # noqa: BLE001  # a plugin's bug must not end the service: it is told in the answer
            traceback.print_exc()
            bug = UserError("bug", f"{type(error).__name__}: {error}", "See the predictor's log.")
            return _refusal(number, self._place.trouble(error) or bug)

    def _do(self, request: dict[str, object]) -> dict[str, object]:
        verb = request.get("verb")
        if verb == "ping":
            return {"models": [str(path) for path in self._models]}
        if verb == "load":
            return {"classes": list(self.model(_path(request, "checkpoint")).class_names)}
        if verb == "place":
            return self._move(request)
        if verb == "predict":
            return self._predict(request)
        if verb == "explain":
            return self._explain(request)
        if isinstance(verb, str) and verb in VERBS:
            return self._videos.do(verb, request)
        if verb == "validate":
            config = request.get("config")
            return self._validate(str(request.get("plugin")), config if isinstance(config, dict) else {})
        if verb == "preview":
            return self._preview(read_wish(request))
        raise UserError(
            "verb_unknown",
            f"The predictor does not know {verb!r}.",
            "It knows ping, place, load, predict, explain, videos, validate, preview.",
        )

    def _move(self, request: dict[str, object]) -> dict[str, object]:
        before = self._place.device
        told = self._place.take(request)
        if self._place.device != before:
            self._models.clear()
            self._place.free_memory()
        return told

    def _predict(self, request: dict[str, object]) -> dict[str, object]:
        names = request.get("files")
        files = image_files([Path(str(name)) for name in names] if isinstance(names, list) else [])
        threshold = request.get("threshold", 0.0)
        model = self.model(_path(request, "checkpoint"))
        limit = float(threshold) if isinstance(threshold, (int, float)) else 0.0
        masks = request.get("masks")
        folder = Path(masks) if isinstance(masks, str) and masks else self._own_masks()
        records = predict_files(model, files, Telling(limit, folder))
        told = [record.model_dump(mode="json") for record in records]
        return {"predictions": told, "classes": list(model.class_names)}

    def _explain(self, request: dict[str, object]) -> dict[str, object]:
        label = request.get("class")
        checkpoint = _path(request, "checkpoint")
        model = self.model(checkpoint)
        named = label if isinstance(label, str) and label else None
        # Of each model its own: the map of another one may just be read.
        sign = hashlib.sha256(str(checkpoint).encode(errors="replace")).hexdigest()[:16]
        return explain_file(model, _path(request, "file"), named, self._own_masks() / sign)

    def _own_masks(self) -> Path:
        """A folder that goes when this process ends."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="lensmith-masks-", ignore_cleanup_errors=True)
        return Path(self._folder.name)

    def model(self, checkpoint: Path) -> Predictable:
        """Give the model of a checkpoint, loading it beside those already in memory.

        One that was written anew since, as the best one is during a training, is loaded again.
        """
        sign = (_written_ns(checkpoint), self._place.sign(checkpoint))
        known = self._models.get(checkpoint)
        if known is None or known[0] != sign:
            self._models[checkpoint] = (sign, self._load(checkpoint))
            while len(self._models) > MODELS_KEPT:
                self._models.popitem(last=False)
        self._models.move_to_end(checkpoint)
        return self._models[checkpoint][1]


def _written_ns(checkpoint: Path) -> int:
    """When a checkpoint's folder, or an exported file, was finished; 0 when there is none."""
    for path in (checkpoint / META_NAME, checkpoint):
        with contextlib.suppress(OSError):
            return path.stat().st_mtime_ns
    return 0


def serve(service: Service, requests: IO[str], answers: IO[str]) -> int:
    """Answer until `requests` ends. Runs below normal priority, so that a training is not disturbed."""
    lower_priority()
    for line in requests:
        if line.strip():
            answers.write(json.dumps(service.answer(line), ensure_ascii=False) + "\n")
            answers.flush()
    return 0


@contextlib.contextmanager
def answers_only() -> Iterator[IO[str]]:
    """Give the process's stdout to answers alone; what a plugin or a library prints meanwhile goes to stderr.

    Also what is written past Python: a line of a C library would be taken for an answer just as well.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with (
            contextlib.redirect_stdout(sys.stderr),
            os.fdopen(os.dup(kept), "w", encoding="utf-8") as answers,
        ):
            yield answers
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _path(request: dict[str, object], key: str) -> Path:
    value = request.get(key)
    if not isinstance(value, str) or not value:
        raise UserError("request_invalid", f"The request lacks {key!r}.")
    return Path(value)


def _refusal(number: object, error: UserError) -> dict[str, object]:
    return {"id": number, "ok": False, "error": error.to_dict()}
