"""The one style sheet, generated from the tokens; and the few pictures that it needs as files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from desktop.theme.style_rules import RULES
from desktop.theme.tokens import RADIUS, SIZE, SPACE, TYPE, Tokens

_STROKE = 'stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"'
_PICTURES = {
    "down": ("text2", f'<path d="M4 6l4 4 4-4" stroke="{{color}}" {_STROKE}/>'),
    "up": ("text2", f'<path d="M4 10l4-4 4 4" stroke="{{color}}" {_STROKE}/>'),
    "check": ("on_accent", f'<path d="M3.5 8.5l3 3 6-7" stroke="{{color}}" {_STROKE}/>'),
    "partial": ("on_accent", f'<path d="M4 8h8" stroke="{{color}}" {_STROKE}/>'),
    "dot": ("on_accent", '<circle cx="8" cy="8" r="3" fill="{color}"/>'),
    "right": ("text2", f'<path d="M6 4l4 4-4 4" stroke="{{color}}" {_STROKE}/>'),
}


def style_sheet(tokens: Tokens, folder: Path) -> str:
    """Give the style sheet of a theme.

    Args:
        tokens: the theme's colours.
        folder: where the pictures may be written.
    """
    values: dict[str, object] = dict(asdict(tokens))
    for kind, sizes in (("space", SPACE), ("radius", RADIUS), ("size", SIZE), ("type", TYPE)):
        values |= {f"{kind}_{name}": value for name, value in asdict(sizes).items()}
    for name, (role, body) in _PICTURES.items():
        values[f"picture_{name}"] = _write(
            folder / f"{name}-{tokens.name}.svg", body, getattr(tokens, role)
        ).as_posix()
    return RULES % values


def _write(path: Path, body: str, color: str) -> Path:
    if not path.exists():
        head = (
            '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16" fill="none">'
        )
        path.write_text(f"{head}{body.format(color=color)}</svg>", encoding="utf-8")
    return path
