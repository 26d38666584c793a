"""The left side of the Train page: dataset, model, settings, Start."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.charts.schedule_plot import SchedulePlot
from desktop.context import Context
from desktop.forms.form_state import FormState
from desktop.forms.plugin_validation import PluginValidation
from desktop.forms.schema_form import SchemaForm
from desktop.models.augmentation_preview import Subject
from desktop.models.estimate import Estimate, steps_per_epoch
from desktop.models.place_choice import Planned
from desktop.models.plugin_cards import licence_sentence
from desktop.models.run_words import plural
from desktop.models.start_check import NO_DATASET, next_name, pick_trouble, unpicked_trouble
from desktop.models.training_plan import TrainingPlan
from desktop.pages.train_pick import PickCard
from desktop.pages.train_place_foot import StartFoot
from desktop.pages.train_place_list import Offer
from desktop.pages.train_place_sheet import PlaceSheet
from desktop.pages.train_preview import PreviewStrip
from desktop.pages.train_trials import Trials, values_of
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.card import column
from desktop.widgets.labels import set_role, text_label
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.catalog import PluginEntry
from engine.protocol.rehearsal import Proposal


class SetupPane(QWidget):
    """What will be trained, on what, and how."""

    started = Signal(str)
    """The new run's id."""
    import_wanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setObjectName("side_pane")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(SIZE.setup_pane)
        self.context = context
        self.dataset: Manifest | None = None
        self.entry: PluginEntry | None = None
        self.state: FormState | None = None
        self.form: SchemaForm | None = None
        self._validation: PluginValidation | None = None
        self._is_starting = False
        self._wanted_dataset = str(context.settings.get("train.dataset", ""))
        self._wanted_plugin = str(context.settings.get("train.plugin", ""))
        self._wanted_values: tuple[str | None, dict[str, object]] | None = None
        self._kept: dict[str, tuple[str | None, dict[str, object]]] = {}
        self.schedule = SchedulePlot()
        self.preview = PreviewStrip(context)
        self.trials = Trials(context)
        self._compose()
        context.datasets.changed.connect(self._datasets_changed)
        context.catalogue.changed.connect(self._plugins_changed)
        context.catalogue.failed.connect(self._catalogue_failed)
        context.catalogue.loading.connect(self._loading)
        self._datasets_changed()
        self._plugins_changed()

    # --- what others choose ---------------------------------------------------------------------------------------

    def choose_dataset(self, name: str) -> None:
        """Take a dataset; one that is not read yet is taken as soon as it is."""
        self._wanted_dataset = name
        found = self.context.datasets.get(name)
        if found is None:
            self.context.datasets.refresh()
            return
        self.dataset = found
        self.context.settings.set("train.dataset", name)
        self._show_picks()
        self._suggest_plugin()
        self.check()

    def choose_plugin(self, plugin: str, model: str = "") -> None:
        """Take a plugin's model; its form appears."""
        self._wanted_plugin = plugin
        found = self.context.catalogue.entry(plugin, model)
        if found is None or found.config_schema is None:
            return
        self.context.settings.set("train.plugin", plugin)
        self._take_entry(found)

    def take_settings(self, plugin: str, preset: str | None, values: dict[str, object]) -> None:
        """Begin with the settings of an earlier run."""
        self._wanted_values = (preset, values)
        self.choose_plugin(plugin)
        self._load_wanted()

    def focus_start(self) -> None:
        self.start.setFocus(Qt.FocusReason.OtherFocusReason)

    # --- composition ----------------------------------------------------------------------------------------------

    def _compose(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, SPACE.m, 0, 0)
        layout.setSpacing(SPACE.s)
        picks = column(SPACE.s)
        picks.setContentsMargins(SPACE.l, 0, SPACE.l, 0)
        self.dataset_card = PickCard("ph.image-square", "DATASET", "Choose a dataset")
        self.model_card = PickCard("ph.cube", "MODEL", "Choose a model")
        self.dataset_card.wanted.connect(self.open_datasets)
        self.model_card.wanted.connect(self.open_models)
        picks.addWidget(self.dataset_card)
        picks.addWidget(self.model_card)
        layout.addLayout(picks)
        self._form_place = column(0)
        layout.addLayout(self._form_place, 1)
        self._no_form = text_label("", "muted", wrap=True)
        self._no_form.setContentsMargins(SPACE.l, SPACE.l, SPACE.l, 0)
        self._no_form.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._form_place.addWidget(self._no_form, 1)
        self.foot = StartFoot(self.context)
        self.hint, self.name, self.start = self.foot.hint, self.foot.name, self.foot.start
        self.foot.put_beside_name(self.trials)
        self.trials.applied.connect(self._apply)
        self.trials.changed.connect(self.check)
        self.foot.start_wanted.connect(self.submit)
        self.foot.places_wanted.connect(self.open_places)
        self.foot.changed.connect(self.check)
        layout.addWidget(self.foot)

    # --- choosing -------------------------------------------------------------------------------------------------

    def open_datasets(self) -> None:
        """Let a dataset be chosen."""
        from desktop.forms.dataset_chooser import DatasetChooser

        chooser = DatasetChooser(self.context, self.dataset.name if self.dataset else "", self.window())
        chooser.chosen.connect(self.choose_dataset)
        chooser.folder_wanted.connect(self.import_wanted)
        chooser.exec()

    def open_models(self) -> None:
        """Let a model be chosen."""
        from desktop.forms.model_chooser import ModelChooser

        task = self.dataset.task if self.dataset is not None else ""
        chooser = ModelChooser(self.context, self.entry, task, self.window())
        chooser.chosen.connect(self._entry_chosen)
        chooser.exec()

    def open_places(self) -> None:
        """Let a machine be chosen."""
        offer = Offer(self._dataset_name(), "Start here", not self._trouble(), self._estimate)
        sheet = PlaceSheet(self.context, offer, self.foot.choice.place, self.window())
        sheet.chosen.connect(self.foot.choice.choose)
        sheet.start_wanted.connect(self._start_at)
        sheet.open()

    def _start_at(self, place: str) -> None:
        self.foot.choice.choose(place)
        self.submit()

    def _entry_chosen(self, entry: PluginEntry) -> None:
        self.choose_plugin(entry.id, entry.model)

    def _datasets_changed(self) -> None:
        wanted = self.context.datasets.get(self._wanted_dataset)
        if wanted is not None:
            self.dataset = wanted
        elif self.dataset is not None:
            self.dataset = self.context.datasets.get(self.dataset.name)
        if self.dataset is None and len(self.context.datasets.list()) == 1:
            self.dataset = self.context.datasets.list()[0]
        self._show_picks()
        self._suggest_plugin()
        self.check()

    def _plugins_changed(self) -> None:
        """A plugin edited while its form is open: the form follows, and keeps what still fits."""
        entries = self.context.catalogue.entries
        if self.entry is not None:
            found = self.context.catalogue.entry(self.entry.id, self.entry.model)
            if found == self.entry:
                return
            if found is None or found.config_schema is None:
                self.entry = found
                self._drop_form()
                self._show_picks()
                self.check()
                return
            self._take_entry(found)
            return
        if self._wanted_plugin and entries:
            self.choose_plugin(self._wanted_plugin)
        self._suggest_plugin()
        self._load_wanted()
        self._show_picks()
        self.check()

    def _suggest_plugin(self) -> None:
        """Without a choice yet, or with one for another task, the recommended model of the dataset's task."""
        if self.dataset is None:
            return
        here = self.entry.metadata.task_type if self.entry is not None and self.entry.metadata else None
        if self.entry is None or here != self.dataset.task:
            found = self.context.catalogue.recommended(self.dataset.task)
            if found is not None and found.config_schema is not None:
                self._take_entry(found)

    def _take_entry(self, entry: PluginEntry) -> None:
        if self.entry is not None and self.state is not None:
            self._kept[self.entry.id] = (self.state.preset, self.state.changed_values())
        self.entry = entry
        assert entry.config_schema is not None  # whoever calls has looked
        self._drop_form()
        gpu = self.foot.choice.gpu_memory_gb
        self.state = FormState(entry.config_schema, entry.metadata, gpu, self)
        kept = self._kept.get(entry.id)
        if kept is not None:
            self.state.load(*kept)
        self.form = SchemaForm(self.state, self.context.settings, entry.id, self._dataset_name)
        self._form_place.addWidget(self.form, 1)
        self._no_form.hide()
        for group, above in (("Scheduler", self.schedule), ("Augmentation", self.preview)):
            if self.form.group_slot(group, above):
                above.show()
        self._validation = PluginValidation(self.context, self.state, entry, self)
        self.state.changed.connect(self.check)
        self._show_picks()
        self.check()

    def _drop_form(self) -> None:
        for above in (self.schedule, self.preview):
            above.hide()
            above.setParent(None)
        for made in (self.form, self.state, self._validation):
            if made is not None:
                made.deleteLater()
        if self.form is not None:
            self._form_place.removeWidget(self.form)
            self.form.hide()
        self.form = self.state = self._validation = None
        self._no_form.show()

    def _load_wanted(self) -> None:
        if self._wanted_values is not None and self.state is not None:
            preset, values = self._wanted_values
            self._wanted_values = None
            dropped = self.state.load(preset, values)
            if dropped:
                self.context.toast(
                    "Some settings of that run do not exist any more",
                    "warn",
                    f"Left out: {', '.join(dropped)}.",
                )

    def _dataset_name(self) -> str:
        return self.dataset.name if self.dataset is not None else ""

    def _show_picks(self) -> None:
        self.foot.choice.set_dataset(self._dataset_name())
        if self.dataset is not None:
            classes = plural(len(self.dataset.classes), "class", "classes")
            images = plural(len(self.dataset.items), "image")
            self.dataset_card.show_pick(self.dataset.name, f"{classes} · {images}")
        else:
            self.dataset_card.show_nothing("Nothing chosen yet")
        if self.entry is not None:
            about = self.entry.metadata
            parts = [about.framework if about else "", about.licence if about else ""]
            if about is not None and about.min_gpu_memory_gb:
                parts.append(f"needs {about.min_gpu_memory_gb:g} GB")
            self.model_card.show_pick(self.entry.model or self.entry.id, " · ".join(p for p in parts if p))
        else:
            loading = not self.context.catalogue.is_loaded
            self.model_card.show_nothing("The models are being read …" if loading else "Choose one")

    # --- checking and starting ------------------------------------------------------------------------------------

    def check(self) -> None:
        """Show what stands in the way, or how long it will take."""
        trouble = self._trouble()
        self.start.setEnabled(not trouble and not self._is_starting)
        self.trials.show_plan(None if trouble else self.plan())
        set_role(self.hint, "role", "error" if trouble and self.entry is not None else "caption")
        if trouble:
            self.hint.setText(trouble)
        elif self.state is not None and self.entry is not None:
            self.state.gpu_memory_gb = self.foot.choice.gpu_memory_gb
            licence = licence_sentence(self.entry.metadata.licence if self.entry.metadata else "")
            notices = " ".join((*self.state.notices(), *self.foot.choice.notices(), licence)).strip()
            set_role(self.hint, "role", "warning" if notices else "caption")
            time = self.trials.words() or self.foot.choice.time_words(self._planned())
            self.hint.setText(f"{notices} {time}".strip())
        if self.state is not None:
            values = self.state.values()
            self.schedule.set_config(values, steps_per_epoch(self.dataset, values))
        self._show_preview()

    def _show_preview(self) -> None:
        if self.dataset is None or self.entry is None or self.state is None:
            self.preview.show_subject(None)
            return
        plugin = self.entry.model or self.entry.id
        subject = Subject(plugin, self.state.values(), self.dataset.name, self.dataset.version)
        is_held = bool(self.state.problems() or pick_trouble(self.dataset, self.entry))
        self.preview.show_subject(subject, is_held=is_held)

    def _estimate(self, place: str) -> Estimate | None:
        planned = self._planned()
        return self.foot.choice.estimate(place, planned) if planned is not None else None

    def _planned(self) -> Planned | None:
        if self.state is None or self.entry is None:
            return None
        return Planned(self.entry.id, self.dataset, self.state.values())

    def plan(self) -> TrainingPlan | None:
        """What the form asks for now; None while a part of it is missing."""
        if self.dataset is None or self.entry is None or self.state is None:
            return None
        return TrainingPlan(
            entry=self.entry,
            dataset=self.dataset.name,
            version=self.dataset.version,
            preset=self.state.preset,
            values=self.state.values(),
            changed=self.state.changed_values(),
            resource=self.foot.resource(),
            place=self.foot.choice.place,
        )

    def _apply(self, proposals: list[Proposal]) -> None:
        """Write what a rehearsal proposes into the form."""
        if self.form is not None:
            count = plural(len(proposals), "setting")
            self.form.apply(values_of(proposals), f"{count} taken from the rehearsal.")

    def _trouble(self) -> str:
        if self.dataset is None:
            return NO_DATASET
        if self.entry is None or self.state is None:
            catalogue = self.context.catalogue
            return unpicked_trouble(catalogue.error, is_loaded=catalogue.is_loaded)
        found = pick_trouble(self.dataset, self.entry)
        if found:
            return found
        count = len(self.state.problems())
        return f"{plural(count, 'setting')} to fix before training." if count else ""

    def submit(self) -> None:
        """Put the run in the queue."""
        if self.form is not None:
            self.form.commit_typing()
        self.check()
        plan = self.plan()
        if self._is_starting or self._trouble() or plan is None:
            if self.form is not None and (first := self.form.first_problem()) is not None:
                self.form.go_to(first)
            return
        self._is_starting = True
        self.start.setEnabled(False)
        self.start.setText("Starting …")
        request = plan.request(self.name.text().strip() or next_name(plan.entry, self.context.runs.rows()))
        self.context.actions.submit(request, then=self._started, failed=self._refused)

    def _started(self, run: str) -> None:
        self._end_starting()
        self.name.clear()
        self.started.emit(run)

    def _refused(self, error: UserError) -> None:
        self._end_starting()
        set_role(self.hint, "role", "error")
        self.hint.setText(str(error))

    def _end_starting(self) -> None:
        self._is_starting = False
        self.start.setText("Start training")
        self.check()

    def _catalogue_failed(self, _error: UserError) -> None:
        self._show_picks()
        self.check()

    def _loading(self, _is_loading: bool) -> None:
        if self.entry is None:
            self._show_picks()
            self.check()
            self._no_form.setText("The settings appear here when a model is chosen.")
