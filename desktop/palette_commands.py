"""What Ctrl+K offers: pages, actions, runs, datasets, plugins."""

from __future__ import annotations

from collections.abc import Callable

from desktop.context import Context
from desktop.rail import LOWER, PAGES
from desktop.theme.theme import theme
from desktop.widgets.command_palette import Command

_MOST_RUNS = 200


def palette_commands(context: Context, show_keys: Callable[[], object]) -> list[Command]:
    """Give everything that can be done or opened now."""

    def to(page: str, **target: object) -> Callable[[], None]:
        return lambda: context.go(page, **target)

    def turn_theme() -> None:
        context.settings.set("appearance.theme", theme.toggle())

    found = [Command(title, "Page", icon, to(name), key) for name, title, icon, key in (*PAGES, *LOWER)]
    found += [
        Command("Train the demo", "Action", "ph.play", to("train", demo=True), words="start shapes"),
        Command(
            "Open a dataset…", "Action", "ph.folder-open", to("data", choose=True), words="import folder zip"
        ),
        Command(
            "Other machines…",
            "Action",
            "ph.hard-drives",
            to("settings", section="machines"),
            words="add ssh host remote gpu",
        ),
        Command("Dark or light", "Action", "ph.moon", turn_theme, "Ctrl+Shift+L", "theme"),
        Command("List of keys", "Action", "ph.keyboard", show_keys, "F1", "shortcuts help"),
    ]
    for row in context.runs.rows()[:_MOST_RUNS]:
        if row.kind == "train":
            words = f"{row.run} {row.dataset or ''} {row.plugin} {row.state}"
            title = row.name or row.model or row.run
            found.append(
                Command(title, f"Run, {row.state}", "ph.chart-line-up", to("train", run=row.run), words=words)
            )
    for manifest in context.datasets.list():
        found.append(Command(manifest.name, "Dataset", "ph.image-square", to("data", dataset=manifest.name)))
    for entry in context.catalogue.entries:
        found.append(
            Command(
                entry.model or entry.id,
                "Plugin",
                "ph.puzzle-piece",
                to("plugins", plugin=entry.id),
                words=entry.id,
            )
        )
    return found
