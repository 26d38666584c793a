"""What one model class must offer: the nine methods, metadata that name it, a schema that the form can show."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from engine.config.problems import nearest
from engine.config.schema import ConfigSchema
from engine.errors import PluginError
from engine.plugin.contract import REQUIRED_METHODS, BaseModel
from engine.plugin.discovery import SCHEMA_FILE, PluginSource
from engine.plugin.import_faults import place_of, raised_problem
from engine.plugin.json_lines import JsonPath, nearest_line
from engine.plugin.loading import has_schema_of_file
from engine.plugin.schema_file import schema_lines, validation_faults
from engine.plugin.schema_rules import SchemaFault, schema_faults, with_run_settings
from engine.plugin.source_lines import ModelSource, Place
from engine.protocol.catalog import ModelMetadata, PluginProblem

TASKS = ("classification", "detection", "segmentation")
FRAMEWORKS = ("pytorch", "timm", "torchvision", "ultralytics", "custom")
_CALLED_WITH = {
    "__init__": 2,
    "train": 4,
    "validate": 2,
    "infer": 2,
    "save_checkpoint": 4,
    "load_checkpoint": 2,
    "export": 3,
}
"""How many arguments the engine gives each method, `self` included."""
_CONTRACT = "See the nine methods in docs/plugin-guide.md."


@dataclass(slots=True)
class ModelDescription:
    """What could be found out about a model, and what is wrong with it."""

    metadata: ModelMetadata | None = None
    schema: ConfigSchema | None = None
    problems: list[PluginProblem] = field(default_factory=list)


def describe_model(source: PluginSource, model: type[BaseModel], full_control: bool) -> ModelDescription:
    """Ask a class for its metadata and schema, and check both; nothing that it raises gets out."""
    return _Describing(source, model, full_control).run()


class _Describing:
    def __init__(self, source: PluginSource, model: type[BaseModel], full_control: bool) -> None:
        self._source = source
        self._model = model
        self._full_control = full_control
        self._text = ModelSource(source_file_of(source, model), model.__name__)
        self._found = ModelDescription()

    def run(self) -> ModelDescription:
        self._found.problems += self._method_problems()
        abstract: frozenset[str] = getattr(self._model, "__abstractmethods__", frozenset())
        if "get_metadata" not in abstract:
            self._read_metadata()
        if "get_config_schema" not in abstract:
            self._read_schema()
        return self._found

    def _method_problems(self) -> Iterator[PluginProblem]:
        abstract: frozenset[str] = getattr(self._model, "__abstractmethods__", frozenset())
        for name in sorted(abstract, key=lambda name: (name not in REQUIRED_METHODS, name)):
            message = f"The class {self._model.__name__} has no method {name!r}."
            yield self._problem("method_missing", message, self._text.of_class(), f"Write it. {_CONTRACT}")
        for name, count in _CALLED_WITH.items():
            method = vars(self._model).get(name)
            if inspect.isfunction(method) and not _takes(inspect.signature(method), count):
                message = (
                    f"The method {name!r} of {self._model.__name__} does not take the {count - 1} arguments "
                    f"that the engine gives it: it is {name}{inspect.signature(method)}."
                )
                yield self._problem("method_signature", message, self._text.of_method(name), _CONTRACT)

    def _read_metadata(self) -> None:
        try:
            metadata: object = self._model.get_metadata()
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                name = ".".join(str(part) for part in fault["loc"])
                message = f"The metadata's {name!r} cannot be used: {fault['msg'].lower()}."
                self._add("metadata_invalid", message, self._place_of_call(error, name))
            return
        except BaseException as error:  # noqa: BLE001  # a plugin may raise anything: it is its problem
            self._add_raised("metadata_failed", "get_metadata", error)
            return
        if not isinstance(metadata, ModelMetadata):
            message = f"get_metadata gives {_kind(metadata)} instead of ModelMetadata."
            self._add("metadata_invalid", message, self._text.of_method("get_metadata"))
            return
        for name, message, severity in _metadata_faults(metadata):
            place = self._text.of_text(str(getattr(metadata, name)), "get_metadata")
            self._add("metadata_invalid", message, place, severity=severity)
        self._found.metadata = metadata

    def _read_schema(self) -> None:
        try:
            schema: object = self._model.get_config_schema()
        except ValidationError as error:
            for path, message in validation_faults(error):
                keyword = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
                self._add("schema_invalid", message, self._place_of_call(error, keyword))
            return
        except PluginError as error:
            file, line = place_of(self._source, error)
            self._add(error.code, error.message, Place(file, line), error.hint)
            return
        except BaseException as error:  # noqa: BLE001  # a plugin may raise anything: it is its problem
            self._add_raised("schema_failed", "get_config_schema", error)
            return
        if not isinstance(schema, ConfigSchema):
            message = f"get_config_schema gives {_kind(schema)} instead of ConfigSchema."
            self._add("schema_invalid", message, self._text.of_method("get_config_schema"))
            return
        self._found.schema = with_run_settings(schema) if self._full_control else schema
        for fault in schema_faults(self._found.schema):
            place = self._schema_place(self._found.schema, fault)
            self._add(fault.code, fault.message, place, fault.hint, fault.severity)

    def _schema_place(self, schema: ConfigSchema, fault: SchemaFault) -> Place:
        if has_schema_of_file(self._model):
            path = self._source.folder / SCHEMA_FILE
            return Place(str(path), nearest_line(schema_lines(path), fault.path))
        return self._text.of_schema(fault.path, _field_name(schema, fault.path))

    def _place_of_call(self, error: BaseException, keyword: str) -> Place:
        file, line = place_of(self._source, error)
        if line is None or Path(file) != self._text.path:
            return Place(file, line)
        return self._text.of_argument(line, keyword)

    def _add_raised(self, code: str, method: str, error: BaseException) -> None:
        hint = f"{method} is asked of the class, without a model: write it as a @classmethod."
        problem = raised_problem(self._source, error, code, f"{method} failed", hint)
        if problem.line is None:
            place = self._text.of_method(method)
            problem = problem.model_copy(update={"file": place.file, "line": place.line})
        self._found.problems.append(problem)

    def _add(self, code: str, message: str, place: Place, hint: str = "", severity: str = "error") -> None:
        self._found.problems.append(self._problem(code, message, place, hint, severity))

    def _problem(
        self, code: str, message: str, place: Place, hint: str = "", severity: str = "error"
    ) -> PluginProblem:
        return PluginProblem(
            code=code, message=message, file=place.file, line=place.line, hint=hint, severity=severity
        )


def _metadata_faults(metadata: ModelMetadata) -> Iterator[tuple[str, str, str]]:
    """Yield the name of a wrong part, what is wrong, and how bad it is."""
    if not metadata.name.strip():
        yield "name", "The metadata's name is empty.", "error"
    if metadata.task_type not in TASKS:
        yield (
            "task_type",
            f"There is no task {metadata.task_type!r}{_meant(metadata.task_type, TASKS)}",
            "error",
        )
    if metadata.framework not in FRAMEWORKS:
        known = _meant(metadata.framework, FRAMEWORKS)
        yield "framework", f"There is no framework {metadata.framework!r}{known}", "warning"


def _meant(word: str, known: tuple[str, ...]) -> str:
    close = nearest(word, known)
    return f"; did you mean {close!r}?" if close is not None else f"; there are: {', '.join(known)}."


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"


def _field_name(schema: ConfigSchema, path: JsonPath) -> str:
    return schema.fields[int(path[1])].name if path[:1] == ("fields",) and len(path) > 1 else ""


def source_file_of(source: PluginSource, model: type[BaseModel]) -> Path:
    """Give the file in which a model's class is written."""
    try:
        return Path(inspect.getsourcefile(model) or source.model_path)
    except TypeError:
        return source.model_path
