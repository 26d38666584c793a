"""The page on which all pictures of a recording are looked at together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

from tests.recorder.shot import Shot

_STYLE = """
body { margin: 24px; background: #1b1d22; color: #e8eaee; font: 14px system-ui, sans-serif; }
h2 { margin: 32px 0 8px; }
div { display: grid; grid-template-columns: repeat(auto-fill, minmax(420px, 1fr)); gap: 16px; }
figure { margin: 0; }
img { width: 100%; border: 1px solid #444; }
figcaption { padding: 4px 0; }
p { color: #ff9a9d; }
"""


def read_shots(folder: Path) -> list[Shot]:
    """Read what the cameras wrote down, in the order in which it was taken; of one taken twice, the last."""
    shots: dict[str, Shot] = {}
    for record in sorted(folder.glob("shots-*x.jsonl")):
        for line in record.read_text(encoding="utf-8").splitlines():
            shot = Shot(**json.loads(line))
            shots[shot.file] = shot
    return list(shots.values())


def write_sheet(folder: Path, shots: Sequence[Shot], words: str) -> Path:
    """Write index.html: a part for each page, a picture for each state, theme and scale, and what is missing."""
    parts: list[str] = []
    for page in dict.fromkeys(shot.page for shot in shots):
        parts.append(f"<h2>{escape(page)}</h2><div>")
        parts += [_figure(shot) for shot in shots if shot.page == page]
        parts.append("</div>")
    missed = sum(bool(shot.trouble) for shot in shots)
    head = f"{len(shots) - missed} pictures, {missed} not taken. {words}"
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Lensmith: pages and states</title>'
        f"<style>{_STYLE}</style><h1>Lensmith: pages and states</h1>{escape(head)}{''.join(parts)}</html>"
    )
    path = folder / "index.html"
    path.write_text(text, encoding="utf-8")
    return path


def remove_old(folder: Path, shots: Sequence[Shot]) -> None:
    """Remove pictures of earlier recordings that this whole one has not taken."""
    taken = {shot.file for shot in shots if not shot.trouble}
    for path in folder.glob("*-*-*-*x.png"):
        if path.name not in taken:
            path.unlink()


def _figure(shot: Shot) -> str:
    words = escape(f"{shot.state.replace('_', ' ')} · {shot.theme} · {shot.scale}x")
    if shot.trouble:
        return f"<figure><p>{words}: {escape(shot.trouble)}</p></figure>"
    file = escape(shot.file)
    return (
        f'<figure><a href="{file}"><img loading="lazy" src="{file}" alt="{words}"></a>'
        f"<figcaption>{words}</figcaption></figure>"
    )
