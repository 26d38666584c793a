"""What the form asks for at one moment: enough to put it in the queue, rehearse it, profile it, and know it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from desktop.models.place_words import is_elsewhere
from engine.protocol.catalog import PluginEntry
from engine.protocol.job import JobKind
from engine.runner.submit import SubmitRequest


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """A training that could be started.

    Attributes:
        entry: the plugin.
        dataset: its name.
        version: of the dataset.
        preset: that the values are laid over.
        values: of all visible settings, by dotted name.
        changed: those that differ from the preset.
        resource: the device that was chosen; None takes what is free.
        place: the machine that was chosen.
    """

    entry: PluginEntry
    dataset: str
    version: str
    preset: str | None
    values: Mapping[str, object]
    changed: Mapping[str, object]
    resource: str | None
    place: str

    @property
    def model(self) -> str:
        """What the plugin is called by: its model's name, else its folder's."""
        return self.entry.model or self.entry.id

    @property
    def is_elsewhere(self) -> bool:
        """Whether another machine was chosen."""
        return is_elsewhere(self.place)

    def is_like(self, other: TrainingPlan | None) -> bool:
        """Say whether figures of one hold for the other: equal settings, plugin, data and device."""
        return other is not None and self._key() == other._key()

    def request(self, name: str, kind: JobKind = "train") -> SubmitRequest:
        """Ask for it to be put in the queue."""
        return SubmitRequest(
            entry=self.entry,
            dataset=self.dataset,
            config=self.values,
            preset=self.preset,
            name=name,
            resource=self.resource,
            kind=kind,
            place=self.place,
        )

    def _key(self) -> tuple[object, ...]:
        entry = self.entry
        where = (self.dataset, self.version, self.resource, self.place)
        return entry.id, entry.model, entry.source_hash, dict(self.values), *where
