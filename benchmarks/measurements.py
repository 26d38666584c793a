"""The measurements behind the table: each runs its sides in turn and gives rows."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.figures import middle
from benchmarks.goals import Row
from benchmarks.sides import Told, benchmark_command, in_turn, run_side

_CHECKPOINT_EVERY_STEPS = 100
_PERCENT = 100
Sides = dict[str, list[Told]]
Measurement = Callable[[argparse.Namespace], list[Row]]


def loops(options: argparse.Namespace) -> list[Row]:
    """A compute-bound training: peers with their defaults, tuned, and ours in both precisions."""
    peers = ["torch", "lightning", *(["timm"] if options.timm_train else []), "torch_tuned"]
    told = _compare(options, "resnet18", 64, peers, {"ours": (), "ours f32": ("--precision", "fp32")})
    return [
        *_ratio("loop_defaults", told, "ours", peers[:-1]),
        *_ratio("loop_same_precision", told, "ours f32", ["torch"]),
        *_ratio("loop_tuned", told, "ours", ["torch_tuned"]),
    ]


def data_bound(options: argparse.Namespace) -> list[Row]:
    """A small network on large pictures."""
    peers = ["torch", "lightning", *(["timm"] if options.timm_train else [])]
    told = _compare(options, "test_resnet", 128, peers, {"ours": ()})
    return _ratio("loop_data_bound", told, "ours", peers)


def ultralytics(options: argparse.Namespace) -> list[Row]:
    """Ultralytics' classifier in its own trainer and in our loop."""
    told = _compare(options, "ultra:yolov8n-cls.yaml", 64, ["ultralytics"], {"ours": ()})
    return _ratio("loop_ultralytics", told, "ours", ["ultralytics"])


def loader(options: argparse.Namespace) -> list[Row]:
    """Files to batches, without a network."""

    def side(name: str) -> Told | None:
        command = benchmark_command("loader", "--side", name, "--data", str(options.data), "--out", "{out}")
        return run_side(command, threads=1)

    told = in_turn({name: partial(side, name) for name in ("torch", "cold", "cached")}, options.rounds)
    speed = {name: middle([one["images_per_cpu_s"] for one in all_]) for name, all_ in told.items()}
    if not all(speed.values()):
        return []
    return [
        Row(
            f"loader_{name}",
            speed[name] / speed["torch"],
            _versus(speed[name], speed["torch"], "ImageFolder"),
        )
        for name in ("cold", "cached")
    ]


def engine(options: argparse.Namespace) -> list[Row]:
    """What the engine adds to its own bare loop."""
    command = benchmark_command("engine_cost", "--data", str(options.data), "--out", "{out}")
    found = in_turn({"engine": lambda: run_side(command, threads=1)}, max(1, options.rounds - 1))["engine"]
    if not found:
        return []
    told = {name: middle([one[name] for one in found]) for name in found[0]}
    saving = told["checkpoint_s"] / (_CHECKPOINT_EVERY_STEPS * told["step_ms"] / 1e3)
    share = f"{told['engine_us_a_step']:.0f} µs of a step of {told['step_ms']:.0f} ms, "
    share += f"and {told['beside_us_a_second']:.0f} µs a second of other threads"
    kept = f"and {told['checkpoint_s']:.2f} s a checkpoint with its optimizer"
    first = f"{_PERCENT * told['data_wait_share_first']:.1f} % in the first one, which reads the files"
    return [
        Row("engine_share", _PERCENT * told["engine_share"], share),
        Row("checkpoint_share", _PERCENT * (told["engine_share"] + saving), kept),
        Row("event", told["event_us"], "one of metrics, with its line"),
        Row("data_wait", _PERCENT * told["data_wait_share"], first),
        Row("validation", _PERCENT * told["validation_over_forward"], "loader, loss, metrics, result folder"),
    ]


def start(options: argparse.Namespace) -> list[Row]:
    """From the click to the end of the first step, beside a bare loop's start."""

    def side(name: str) -> Told | None:
        command = benchmark_command(
            "first_step", "--side", name, "--data", str(options.data), "--out", "{out}"
        )
        return run_side(command)

    told = in_turn({name: partial(side, name) for name in ("bare", "cold", "warm")}, options.rounds)
    rows: list[Row] = []
    wall = {name: middle([one["wall_s"] for one in all_]) for name, all_ in told.items() if all_}
    cpu = {name: middle([one["cpu_s"] for one in all_]) for name, all_ in told.items() if all_}
    if "warm" in wall:
        rows.append(Row("first_step_warm", wall["warm"], f"{cpu['warm']:.2f} CPU-s"))
    if "cold" in wall and "bare" in wall:
        detail = (
            f"{cpu['cold']:.1f} against {cpu['bare']:.1f} CPU-s; "
            f"by the wall {wall['cold']:.1f} against {wall['bare']:.1f} s"
        )
        rows.append(Row("first_step_cold", cpu["cold"] / cpu["bare"], detail))
    return rows


def metrics(options: argparse.Namespace) -> list[Row]:
    """Our meter with all it tells, against pycocotools' precision alone."""
    command = benchmark_command("metrics", "--turns", str(options.rounds), "--out", "{out}")
    told = run_side([*command, "--reference-python", options.reference_python or sys.executable])
    if told is None:
        return []
    detail = f"{told['meter']:.3f} against {told['pycocotools']:.2f} s; hotcoco alone {told['hotcoco']:.3f} s"
    return [Row("metrics", told["pycocotools"] / told["meter"], detail)]


def results(options: argparse.Namespace) -> list[Row]:
    """Results of 50,000 images, written by the engine and looked at in the window."""
    given = ["--repeats", str(options.rounds), "--clock", "cpu", "--out", "{out}"]
    told = run_side(benchmark_command("results", *given), threads=1)
    if told is None:
        return []
    of = "by the processor; the slowest of 1,000 classes, 20 boxes an image, masks"
    return [
        Row("results_ingest", told["ingest_rows_per_s"], of),
        Row("results_open", told["open_ms"] / 1e3, "by the processor, with the judgement at the first bound"),
        Row("results_filter", told["filter_ms"], "by the processor, arranged in the grid's model"),
        Row(
            "results_threshold",
            told["threshold_ms"],
            "by the processor; precision, recall, F1 and matrix of a million boxes",
        ),
    ]


def prediction(options: argparse.Namespace) -> list[Row]:
    """From a picture dropped on the real window to its answer on the screen, by the real predictor process."""
    del options
    told = run_side(benchmark_command("prediction", "--out", "{out}"))
    if told is None:
        return []
    drop, model = told["resnet18_drop_ms"], told["resnet18_model_ms"]
    over = f"by the wall, all cores; {drop:.0f} ms in all, {model:.0f} ms of the network"
    rows = [Row("prediction_over", told["resnet18_over_ms"], over)]
    for side in ("classification", "detection", "segmentation"):
        alone = f"{told[f'{side}_model_ms']:.0f} ms of the network, by the wall, all cores"
        rows.append(Row(f"prediction_{side}", told[f"{side}_drop_ms"], alone))
    return rows


MEASUREMENTS: dict[str, Measurement] = {
    "prediction": prediction,
    "loops": loops,
    "data_bound": data_bound,
    "ultralytics": ultralytics,
    "loader": loader,
    "engine": engine,
    "start": start,
    "metrics": metrics,
    "results": results,
}


def _compare(
    options: argparse.Namespace,
    arch: str,
    size: int,
    peers: Sequence[str],
    ours: dict[str, tuple[str, ...]],
) -> Sides:
    """Train with peers and with ours in turn, one compute thread and one loader worker each."""
    if options.peers is None:
        print("  --peers names no program to compare with", file=sys.stderr)
        return {}
    given = ["--data", str(options.data), "--arch", arch, "--size", str(size), "--out", "{out}"]
    given += ["--workers", "1", "--epochs", "2", "--batch", str(options.batch)]
    theirs = ["--threads", "1", *(["--timm-train", options.timm_train] if options.timm_train else [])]
    sides: dict[str, Callable[[], Told | None]] = {
        peer: partial(
            run_side, [sys.executable, str(options.peers), "--child", peer, *given, *theirs], threads=1
        )
        for peer in peers
    }
    for name, extra in ours.items():
        sides[name] = partial(run_side, benchmark_command("train", *given, *extra), threads=1)
    told = in_turn(sides, options.rounds)
    return {name: [_speed(one) for one in all_] for name, all_ in told.items() if all_}


def _speed(told: Told) -> Told:
    """Images per second of the epochs after the first."""
    epochs = told["epochs"][1:] or told["epochs"]
    images = sum(epoch["images"] for epoch in epochs)
    return {
        "wall": images / sum(epoch["wall"] for epoch in epochs),
        "cpu": images / sum(epoch["cpu"] for epoch in epochs),
    }


def _ratio(goal: str, told: Sides, ours: str, peers: Sequence[str]) -> list[Row]:
    """Compare the medians of images per CPU-second with those of the fastest peer."""
    there = {peer: middle([one["cpu"] for one in told[peer]]) for peer in peers if peer in told}
    if ours not in told or not there:
        return []
    best = max(there, key=lambda peer: there[peer])
    own = middle([one["cpu"] for one in told[ours]])
    wall = middle([one["wall"] for one in told[ours]]) / middle([one["wall"] for one in told[best]])
    others = "".join(f", {peer} {speed:.0f}" for peer, speed in there.items() if peer != best)
    return [
        Row(goal, own / there[best], f"{_versus(own, there[best], best)}{others}; by the wall {wall:.2f} ×")
    ]


def _versus(ours: float, theirs: float, name: str) -> str:
    return f"{ours:.0f} against {theirs:.0f} images per CPU-s ({name})"
