"""The sheet that chooses a model: search, task, framework, tag; recommended first, broken ones with their reason."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from desktop.forms.chooser_list import ChooserItem
from desktop.forms.chooser_sheet import ChooserSheet
from desktop.forms.wheel_guard import WheelGuard
from desktop.models.plugin_cards import (
    CardFilter,
    choices,
    filtered,
    is_strict,
    licence_sentence,
    status_of,
    title_of,
)
from desktop.tasks.task import task_icon
from desktop.widgets.buttons import Button
from engine.protocol.catalog import ModelMetadata, PluginEntry

_ANY = {"task": "Any task", "framework": "Any framework", "tag": "Any tag"}


class Catalogue(Protocol):
    """What this needs of the window's catalogue."""

    entries: list[PluginEntry]

    @property
    def changed(self) -> Any: ...  # a signal, which Qt types otherwise on the class than on its objects


class Surroundings(Protocol):
    """What this needs of the window's context."""

    @property
    def catalogue(self) -> Catalogue: ...

    def go(self, page: str, **target: object) -> None: ...


class ModelChooser(ChooserSheet):
    """Lets a plugin's model be chosen; follows the catalogue while it is open.

    Args:
        context: the window's.
        current: the model that holds now.
        task: of the dataset: its models are shown first.
        parent: over which it opens.
    """

    chosen = Signal(object)
    """A `PluginEntry`."""

    def __init__(
        self,
        context: Surroundings,
        current: PluginEntry | None = None,
        task: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, "Choose a model", "Find a model")
        self._context = context
        self._task = task
        self.boxes: dict[str, QComboBox] = {}
        for kind, words in _ANY.items():
            box = QComboBox()
            box.setAccessibleName(f"Show models of this {kind}")
            box.addItem(words, "")
            WheelGuard(box)
            self.boxes[kind] = box
            self.filters.addWidget(box)
        self._offer()
        at = self.boxes["task"].findData(task)
        self.boxes["task"].setCurrentIndex(max(0, at))
        for box in self.boxes.values():
            box.currentIndexChanged.connect(self._filtered)
        self.plugins = Button("Open Plugins", "ph.puzzle-piece", "ghost")
        self.plugins.setToolTip("See what is wrong with this plugin")
        self.plugins.setAutoDefault(False)
        self.plugins.clicked.connect(self._open_plugins)
        self.foot.insertWidget(0, self.plugins)
        self.view.selectionModel().currentChanged.connect(self._offer_plugins)
        context.catalogue.changed.connect(self._entries_changed)
        self.refill(_key(current) if current is not None else "")
        self._offer_plugins()

    def items_for(self, text: str) -> list[ChooserItem]:
        task, framework, tag = (str(box.currentData() or "") for box in self.boxes.values())
        wanted = CardFilter(text, task, framework, tag)
        found = filtered(self._context.catalogue.entries, wanted, self._task)
        broken = self._undescribed(text) if task or framework or tag else []
        return [_item(entry, self._task) for entry in [*found, *broken]]

    def nothing_text(self) -> str:
        if not self._context.catalogue.entries:
            return "There are no models yet: their plugins are still being read, or the engine is not set up."
        return "No model fits. Search for something else, or widen the filters."

    def take(self, item: ChooserItem) -> None:
        entry = self._entry(item.key)
        if entry is not None:
            self.chosen.emit(entry)

    def _undescribed(self, text: str) -> list[PluginEntry]:
        """Broken plugins have no task to filter by; they are shown after the others, so that none goes missing."""
        entries = [entry for entry in self._context.catalogue.entries if entry.metadata is None]
        return filtered(entries, CardFilter(text))

    def _entry(self, key: str) -> PluginEntry | None:
        return next((entry for entry in self._context.catalogue.entries if _key(entry) == key), None)

    def _offer(self) -> None:
        """Fill the filters with what there is; a choice that still exists stays."""
        known = choices(self._context.catalogue.entries)
        for (kind, words), values in zip(_ANY.items(), known, strict=True):
            box = self.boxes[kind]
            held = str(box.currentData() or "")
            box.blockSignals(True)
            box.clear()
            box.addItem(words, "")
            for value in values:
                box.addItem(value, value)
            box.setCurrentIndex(max(0, box.findData(held)))
            box.blockSignals(False)

    def _filtered(self) -> None:
        self.refill()

    def _entries_changed(self) -> None:
        self._offer()
        self.refill()

    def _offer_plugins(self) -> None:
        item = self.view.current()
        self.plugins.setVisible(item is not None and bool(item.problem))

    def _open_plugins(self) -> None:
        item = self.view.current()
        entry = self._entry(item.key) if item is not None else None
        self.reject()
        self._context.go("plugins", plugin=entry.id if entry is not None else "")


def _key(entry: PluginEntry) -> str:
    return f"{entry.folder}\n{entry.model}"


def _item(entry: PluginEntry, task: str = "") -> ChooserItem:
    about = entry.metadata
    if about is None:
        return ChooserItem(
            _key(entry), title_of(entry), problem=_problem(entry), is_usable=False, icon="ph.warning-circle"
        )
    licence = f"{about.licence} (binds what you build with it)" if is_strict(about.licence) else about.licence
    memory = f"needs {about.min_gpu_memory_gb:g} GB GPU memory" if about.min_gpu_memory_gb else ""
    facts = [about.task_type, about.framework, licence, memory, ", ".join(about.tags)]
    return ChooserItem(
        _key(entry),
        title_of(entry),
        text=about.description,
        facts=" · ".join(fact for fact in facts if fact),
        more=_more(about),
        badge="Recommended" if about.recommended and entry.is_usable else "",
        problem=_problem(entry) if not entry.is_usable else _other_task(about, task),
        is_usable=entry.is_usable,
        icon=task_icon(about.task_type),
    )


def _more(about: ModelMetadata) -> str:
    """Say who made a model, and what its weights have learnt before."""
    parts = [f"Version {about.version}" + (f" by {about.author}" if about.author else "")]
    if is_strict(about.licence):
        parts.insert(0, licence_sentence(about.licence))
    if about.pretrain_data:
        parts.append(f"weights from {about.pretrain_data}")
    if about.pretrain_score:
        parts.append(about.pretrain_score)
    return " · ".join(parts)


def _other_task(about: ModelMetadata, task: str) -> str:
    """What to mind before a model is chosen that cannot be trained on the dataset at hand."""
    return f"For {about.task_type}; your dataset is for {task}." if task and about.task_type != task else ""


def _problem(entry: PluginEntry) -> str:
    errors = [problem for problem in entry.problems if problem.severity == "error"]
    if errors:
        return errors[0].message
    if entry.missing_requirements:
        return f"Needs packages that are not installed: {', '.join(entry.missing_requirements)}."
    return status_of(entry).text
