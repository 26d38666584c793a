"""The page of a report: what the facts say, as HTML that needs nothing but itself. Every foreign text is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from engine.protocol.results import ResultSummary
from engine.protocol.words import (
    SPLIT_WORDS,
    duration_words,
    is_share,
    metric_phrase,
    metric_text,
    metric_words,
    plural,
    size_words,
)
from engine.reports.charts import Series, line_chart
from engine.reports.facts import Points, RunFacts
from engine.reports.matrix import Confusions, matrix_html
from engine.reports.pictures import Picture
from engine.reports.places import without_places
from engine.reports.settings import setting_lines

_MOST_CHARTS = 6
_MOST_CLASSES = 300
_MOST_MEASURES = 9
"""Of a class: as many as stand beside each other on paper."""
_DRAWN = (
    "f1_macro",
    "top5_accuracy",
    "map50",
    "map75",
    "mask_map",
    "dice",
    "pixel_accuracy",
    "boundary_f1",
    "lr",
)
"""Beside the loss and the measure of the run, as far as they were measured."""
_SPLITS = tuple(SPLIT_WORDS)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_CLASS_ORDER = ("support", "precision", "recall", "f1", "roc_auc", "map", "map50", "map75", "iou", "dice")
_CLASS_WORDS = {"support": "Count"}


def cards(facts: RunFacts) -> str:
    """The figures that a reader looks for first."""
    row = facts.row
    told: list[tuple[str, str]] = []
    if row.best_metric is not None and row.best_value is not None:
        told.append((metric_text(row.best_metric, row.best_value), f"best {metric_phrase(row.best_metric)}"))
    if row.best_epoch is not None:
        told.append((f"{row.best_epoch} of {row.epochs}", "best epoch"))
    elif row.epochs:
        told.append((f"{row.epoch} of {row.epochs}", "epochs"))
    seconds = row.ended - row.started if row.ended is not None and row.started is not None else None
    if duration_words(seconds):
        told.append((duration_words(seconds), "duration"))
    if facts.images:
        told.append((f"{sum(facts.images.values()):,}", "images in the dataset"))
    if facts.manifest is not None:
        told.append((f"{len(facts.manifest.classes):,}", "classes"))
    body = "".join(
        f'<div class="card"><b>{escape(value)}</b><span>{escape(name)}</span></div>' for value, name in told
    )
    return f'<div class="cards">{body}</div>' if body else ""


def failure(facts: RunFacts) -> str:
    """Why the run failed, where it did: without the trace, and without places of a machine."""
    failed = facts.row.failure
    if facts.row.state != "failed" or failed is None:
        return ""
    told = without_places(failed.message, facts.places)
    return f'<div class="trouble"><b>The run failed.</b> {escape(told)}</div>'


def curves(facts: RunFacts) -> str:
    """Charts of what was measured over epochs: losses together, the measure first, the rest in its order."""
    best = None if facts.row.best_epoch is None else float(facts.row.best_epoch)
    drawn = [
        line_chart(title, series, best, share=is_share(name))
        for name, title, series in _charts(facts.curves, facts.row.best_metric)
    ]
    return charts("Curves", drawn[:_MOST_CHARTS])


def charts(title: str, drawn: Sequence[str]) -> str:
    """A part with charts; empty where there are none."""
    body = "".join(drawn)
    return section(title, f'<div class="charts">{body}</div>') if body else ""


def _charts(
    curves_by_name: Mapping[str, Points], best_metric: str | None
) -> list[tuple[str, str, list[Series]]]:
    """By metric without split: its name, its title, and a line for each split."""
    by_metric: dict[str, list[str]] = {}
    for name in curves_by_name:
        by_metric.setdefault(name.rpartition("/")[2], []).append(name)
    first = ["loss", (best_metric or "").rpartition("/")[2]]
    order = [*dict.fromkeys(name for name in first if name in by_metric)]
    order += [name for name in _DRAWN if name in by_metric and name not in order]
    charts: list[tuple[str, str, list[Series]]] = []
    for metric in order:
        names = sorted(by_metric[metric])
        series = [Series(_split(name), curves_by_name[name]) for name in names]
        charts.append((metric, metric_words(metric if len(names) > 1 else names[0]), series))
    return charts


def _split(name: str) -> str:
    split = name.rpartition("/")[0]
    return SPLIT_WORDS.get(split, split.capitalize()).lower()


def metrics(summary: ResultSummary) -> str:
    """All numbers of the result that is told."""
    rows = "".join(
        f"<tr><td>{escape(metric_words(name))}</td><td class=n>{escape(metric_text(name, value))}</td></tr>"
        for name, value in summary.metrics.items()
    )
    if not rows:
        return ""
    told = f"Epoch {summary.epoch}, {plural(summary.images, 'image')} of the {_inside(summary.split)} split."
    return section(
        "Metrics", f'<p class="soft">{escape(told)}</p><div class="two"><table>{rows}</table></div>'
    )


def matrix(confusions: Confusions | None) -> str:
    return section("Confusion matrix", matrix_html(confusions)) if confusions is not None else ""


def classes(summary: ResultSummary) -> str:
    """A table of the metrics by class, the weakest first by the first rate that there is."""
    measures = [name for name in _CLASS_ORDER if name in summary.per_class]
    measures = [*measures, *sorted(set(summary.per_class) - set(measures))][:_MOST_MEASURES]
    if not measures:
        return ""
    rate = next((name for name in ("f1", "map", "iou", *measures) if name in measures), measures[0])
    values = summary.per_class
    names = sorted(summary.class_names, key=lambda name: values[rate].get(name, 2.0))
    head = "".join(f"<th class=n>{escape(_class_words(name))}</th>" for name in measures)
    rows = "".join(
        f"<tr><td>{escape(name)}</td>{''.join(_value(measure, values[measure].get(name)) for measure in measures)}</tr>"
        for name in names[:_MOST_CLASSES]
    )
    more = len(names) - _MOST_CLASSES
    rest = (
        f"<p class=note>{plural(more, 'class', 'classes')} more, better than these.</p>" if more > 0 else ""
    )
    return section("Classes", f"<table class=classes><tr><th>Class</th>{head}</tr>{rows}</table>{rest}")


def _class_words(name: str) -> str:
    return _CLASS_WORDS.get(name) or metric_words(name)


def _value(measure: str, value: float | None) -> str:
    told = "–" if value is None else f"{value:,.0f}" if measure == "support" else metric_text(measure, value)
    return f"<td class=n>{escape(told)}</td>"


def images(pictures: Sequence[Picture], told: str, key: str = "", *, wide: bool = False) -> str:
    """The worst images with what is said of each."""
    if not pictures:
        return ""
    body = "".join(_figure(picture) for picture in pictures)
    kind = "images wide" if wide else "images"
    note = f'<p class="soft">{escape(told)}</p>'
    return section("Worst images", f'{note}{key}<div class="{kind}">{body}</div>')


def _figure(picture: Picture) -> str:
    sign = {True: '<span class="ok">✓</span> ', False: '<span class="wrong">✕</span> ', None: ""}[
        picture.is_right
    ]
    return (
        f"<figure>{picture.html}<figcaption><span>{sign}{escape(picture.caption)}</span>"
        f"<i>{escape(picture.note)}</i></figcaption></figure>"
    )


def settings(facts: RunFacts) -> str:
    """All settings, the changed ones first."""
    lines = setting_lines(facts.config)
    if not lines:
        return ""
    changed = [line for line in lines if line.usual]
    own = [line for line in lines if line.is_own]
    rest = [line for line in lines if not line.usual and not line.is_own]
    parts: list[str] = []
    if changed:
        rows = "".join(
            f"<tr><td>{escape(line.title)}</td><td>{escape(line.value)}</td>"
            f"<td class=soft>{escape(line.usual)}</td></tr>"
            for line in changed
        )
        parts.append(
            f"<h3>Changed</h3><table><tr><th>Setting</th><th>Value</th><th>Default</th></tr>{rows}</table>"
        )
    for title, some in (("Of the model", own), ("As they are by default", rest)):
        rows = "".join(
            f"<tr><td>{escape(line.title)}</td><td>{escape(line.value)}</td></tr>" for line in some
        )
        parts.append(f"<h3>{title}</h3><div class=two><table>{rows}</table></div>" if rows else "")
    return section("Settings", "".join(parts))


def dataset(facts: RunFacts) -> str:
    """Which images the model learnt from."""
    row, manifest = facts.row, facts.manifest
    lines = [("Name", row.dataset or "none"), ("Version", (row.dataset_version or "")[:16])]
    splits = sorted(facts.images, key=lambda split: (_SPLITS.index(split) if split in _SPLITS else 9, split))
    lines += [(f"{SPLIT_WORDS.get(split, split)} images", f"{facts.images[split]:,}") for split in splits]
    if manifest is not None:
        lines.append(
            ("Classes", ", ".join(manifest.classes[:60]) + (" …" if len(manifest.classes) > 60 else ""))
        )
    return section("Dataset", facts_table(lines)) if row.dataset else ""


def environment(facts: RunFacts) -> str:
    """What the run ran with."""
    row = facts.row
    lines = [("Run", row.run), ("Model", f"{row.model} ({row.plugin})"), ("Task", row.task)]
    lines += [("Preset", row.preset or ""), ("Device", facts.device)]
    lines += [(name.capitalize(), version) for name, version in facts.versions.items()]
    lines += [(name.replace("_", " ").capitalize(), _plain(value)) for name, value in facts.resolved.items()]
    lines.append(("Attempts", str(facts.attempts) if facts.attempts > 1 else ""))
    return section("Environment", facts_table(lines))


def exports(facts: RunFacts) -> str:
    """Checkpoints that are there, and files that were exported."""
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>epoch {meta.epoch}</td>"
        f"<td class=n>{escape(size_words(meta.size_bytes))}</td></tr>"
        for name, meta in facts.checkpoints
    )
    parts = [f"<h3>Checkpoints</h3><table>{rows}</table>" if rows else ""]
    rows = "".join(
        f"<tr><td>{escape(entry.format)}</td><td>{escape(entry.path.rpartition('/')[2])}</td>"
        f"<td>{'agrees with PyTorch' if entry.verified else 'not verified'}</td>"
        f"<td class=n>{escape(size_words(entry.size_bytes))}</td></tr>"
        for entry in facts.exports
    )
    parts.append(f"<h3>Exports</h3><table>{rows}</table>" if rows else "")
    body = "".join(parts)
    return section("Files", body) if body else ""


def facts_table(lines: Sequence[tuple[str, str]]) -> str:
    """Names and values; those without a value are left out."""
    rows = "".join(
        f"<tr><td class=soft>{escape(name)}</td><td>{escape(value)}</td></tr>"
        for name, value in lines
        if value
    )
    return f"<table>{rows}</table>"


def section(title: str, body: str) -> str:
    """A part of the page."""
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def document(title: str, style: str, body: str) -> str:
    """The whole page. It may load nothing, and runs no script."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY, quote=True)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>{body}</body></html>\n"
    )


def _inside(split: str) -> str:
    return SPLIT_WORDS.get(split, split).lower()


def _plain(value: object) -> str:
    return "yes" if value is True else "no" if value is False else str(value)
