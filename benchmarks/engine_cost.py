"""What the engine adds to its own bare loop: events, hooks, orders and checkpoints; an event; a validation."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

import torch

from benchmarks.figures import middle
from benchmarks.networks import AnyNetwork
from benchmarks.timed_loop import blank_meta
from benchmarks.train import PEERS_SETTINGS
from engine.channel.control import Control
from engine.channel.heartbeat import Heartbeat
from engine.channel.reporter import Reporter
from engine.channel.resources import ResourceSampler
from engine.config.train import TrainConfig
from engine.data.batch import Batch
from engine.data.loader import Loader, LoaderSettings, build_loader
from engine.datasets.library import Library
from engine.device.policy import SingleDevice
from engine.device.resolved import Resolved
from engine.evaluation.measure import NetworkView, measure_network
from engine.evaluation.result_folder import ResultFacts, write_result
from engine.protocol.events import MetricsLogged
from engine.protocol.home import Home
from engine.protocol.results import Problem
from engine.protocol.run_folder import RunFolder
from engine.training import trainer
from engine.training.job import TrainingJob
from engine.training.preparation import Prepared
from engine.training.saving import Saver
from engine.training.step import OptimizationStep

DATASET = "benchmark"
EVENTS = 2000
_TIMES = 3
_READY_BATCHES = 8
ResultT = TypeVar("ResultT")


@dataclasses.dataclass(frozen=True, slots=True)
class Times:
    """Seconds by three clocks: the wall's, the processor's for this thread, and for the whole process."""

    wall: float
    thread: float
    process: float

    @classmethod
    def now(cls) -> Times:
        return cls(time.monotonic(), time.thread_time(), time.process_time())


class Watch:
    """Sums up the processor's seconds that this thread spends in some functions."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls = 0

    def around(self, function: Callable[..., ResultT]) -> Callable[..., ResultT]:
        def timed(*arguments: object, **named: object) -> ResultT:
            began = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                self.seconds += time.thread_time() - began
                self.calls += 1

        return timed


class ReadyBatches:
    """Batches that lie ready in memory, so that no loader is counted. Implements `TrainLoader`."""

    def __init__(self, batches: Sequence[Batch], length: int) -> None:
        self._batches = batches
        self._length = length
        self.started: list[Times] = []

    def __len__(self) -> int:
        return self._length

    def start(self, epoch: int, batch: int = 0) -> Iterator[Batch]:
        del epoch
        self.started.append(Times.now())
        for number in range(batch, self._length):
            yield self._batches[number % len(self._batches)]

    def new_problems(self) -> list[Problem]:
        return []


def main(arguments: Sequence[str]) -> int:
    """Measure, and write the figures to `--out`."""
    parser = argparse.ArgumentParser(prog="benchmarks.engine_cost", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/CLASS/*.jpg and val/")
    parser.add_argument("--arch", default="resnet18")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=50, help="of each of two epochs (default 50)")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(options, Home(Path(scratch)).ensure())
        told = {**bench.training(), **bench.waiting(), **bench.validation(), "event_us": bench.event_us()}
    options.out.write_text(json.dumps(told), encoding="utf-8")
    print(json.dumps(told, indent=1))
    return 0


class Bench:
    """The parts of the measurement, on one dataset and network."""

    def __init__(self, options: argparse.Namespace, home: Home) -> None:
        self._options = options
        self._home = home
        self._library = Library(home)
        self._manifest = self._library.import_dataset(options.data, name=DATASET)
        self._runs = 0

    def training(self) -> dict[str, float]:
        """Parts of the time that is spent on steps: `engine_share`, and `checkpoint_share` beside it."""
        with self._loader("train", train=True) as loader:
            batches = list(islice(loader.start(0), _READY_BATCHES))
        ready = ReadyBatches(batches, self._options.steps)
        steps, saves = Watch(), Watch()
        unchanged = trainer.prepare, Saver.save_epoch
        run = OptimizationStep.run

        def prepare(*given: object) -> Prepared:
            prepared = unchanged[0](*given)  # type: ignore[arg-type]  # as it was given
            timed = OptimizationStep(prepared.step._parts)
            timed.run = steps.around(lambda *a: run(timed, *a))  # type: ignore[method-assign]  # that is the point
            return dataclasses.replace(prepared, step=timed)

        trainer.prepare = prepare
        Saver.save_epoch = saves.around(unchanged[1])  # type: ignore[method-assign]  # that is the point
        try:
            self._train(ready, epochs=2)
        finally:
            trainer.prepare, Saver.save_epoch = unchanged
        # Two epochs are trained; what was started before them is the probe's.
        began, ended = ready.started[-2], self._ended
        loop = ended.thread - began.thread - steps.seconds - saves.seconds
        # The other threads work by the clock, however long a step takes: on a busy machine they do more a step.
        beside = (ended.process - began.process - (ended.thread - began.thread)) / (ended.wall - began.wall)
        return {
            "engine_share": loop / steps.seconds + beside,
            "checkpoint_share": saves.seconds / steps.seconds,
            "step_ms": 1e3 * steps.seconds / steps.calls,
            "engine_us_a_step": 1e6 * loop / steps.calls,
            "beside_us_a_second": 1e6 * beside,
            "checkpoint_s": saves.seconds / max(1, saves.calls),
        }

    def waiting(self) -> dict[str, float]:
        """Part of the time that the second epoch waits for images, by the wall's clock."""
        with self._loader("train", train=True) as loader:
            events = self._train(loader, epochs=3)
        shares = [event["values"]["train/data_wait_share"] for event in events if _is_epoch(event)]
        return {"data_wait_share": middle(shares[1:]), "data_wait_share_first": shares[0]}

    def validation(self) -> dict[str, float]:
        """What a validation takes over its forward passes, as a part of these."""
        model = self._model()
        network = model.network.eval()
        policy = SingleDevice(torch.device("cpu"), Resolved(device_type="cpu", channels_last=True))
        policy.place(network)
        meta = blank_meta(tuple(self._manifest.classes), self._options.size)
        classes = tuple(self._manifest.classes)
        view = NetworkView(model.task, classes, model.loss, policy, meta.mean, meta.std)
        facts = ResultFacts("classification", "val", "val", 1, 1, classes, DATASET)
        over: list[float] = []
        with self._loader("train", train=False) as loader:
            batches = list(loader.start(0))
            for _ in range(_TIMES + 1):
                began = time.process_time()
                with torch.inference_mode():
                    for batch in batches:
                        network(policy.to_input(batch.images, meta.mean, meta.std))
                forward = time.process_time() - began
                began = time.process_time()
                judgement = measure_network(network, loader, view)
                assert judgement is not None  # nobody breaks it off
                write_result(self._home.runs / "results", judgement, facts)
                over.append((time.process_time() - began) / forward - 1)
        return {"validation_over_forward": middle(over[1:])}

    def event_us(self) -> float:
        """Microseconds that the training thread spends on one event."""
        reporter = Reporter(self._folder().attempt(1))
        taken: list[float] = []
        for start in range(0, EVENTS, 100):
            began = time.thread_time()
            for number in range(start, start + 100):
                values = {"train/loss": 0.5, "train/lr": 0.1, "train/images_per_s": 99.0}
                reporter.emit(MetricsLogged(scope="step", epoch=1, step=number, values=values))
            taken.append((time.thread_time() - began) / 100)
            time.sleep(0.01)
        reporter.close()
        return 1e6 * middle(taken)

    def _train(self, loader: ReadyBatches | Loader, epochs: int) -> list[dict]:
        options = self._options
        settings = {"epochs": epochs, "batch_size": options.batch, "image_size": options.size}
        config = TrainConfig.from_flat({**PEERS_SETTINGS, **settings, "precision": "bf16"})
        folder = self._folder()
        attempt = folder.attempt(1)
        reporter = Reporter(attempt)
        meta = blank_meta(tuple(self._manifest.classes), options.size)
        control = Control(folder, 1, reporter)
        job = TrainingJob(self._model(), config, loader, folder, reporter, control, meta)
        with Heartbeat(attempt.heartbeat_path), ResourceSampler(reporter, folder.path):
            trainer.Trainer(job).run()
            reporter.flush()
            self._ended = Times.now()
        reporter.close()
        return [json.loads(line) for line in attempt.events_path.read_text(encoding="utf-8").splitlines()]

    def _model(self) -> AnyNetwork:
        given = {"architecture": self._options.arch, "num_classes": len(self._manifest.classes)}
        return AnyNetwork({**given, "image_size": self._options.size})

    def _folder(self) -> RunFolder:
        self._runs += 1
        return RunFolder(self._home.runs / f"benchmark-{self._runs}")

    def _loader(self, split: str, *, train: bool) -> _Closing:
        options = self._options
        settings = LoaderSettings(
            image_size=options.size,
            batch_size=options.batch,
            train=train,
            augmentation=TrainConfig.from_flat(PEERS_SETTINGS).augmentation if train else None,
            cache="memory",
            drop_last=True,
        )
        return _Closing(build_loader(self._manifest, self._library.root(DATASET), split, settings))


class _Closing:
    """Ends a loader's threads with the block."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def __enter__(self) -> Loader:
        return self._loader

    def __exit__(self, *_: object) -> None:
        self._loader.close()


def _is_epoch(event: dict) -> bool:
    return event["type"] == "metrics" and event["scope"] == "epoch"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
