"""Import of a plugin under a name of its own, so that plugins and their versions never see each other's files."""

from __future__ import annotations

import abc
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from engine.config.schema import ConfigSchema
from engine.errors import PluginError
from engine.plugin.contract import BaseModel
from engine.plugin.discovery import MODEL_FILE, SCHEMA_FILE, PluginSource, source_hash
from engine.plugin.schema_file import read_schema_file
from engine.plugin.schema_rules import laid_over

ROOT_PACKAGE = "lensmith_plugins"
_SCHEMA_MARK = "_lensmith_schema_of_file"


def load_plugin(folder: Path, plugin_id: str, file: str = MODEL_FILE) -> list[type[BaseModel]]:
    """Import a plugin and give its models, in the order of the file.

    Args:
        folder: the plugin's folder, or RUN/plugin.
        plugin_id: what `--plugin` takes; part of the module's name only.
        file: the file with the models, relative to `folder`.

    Raises:
        PluginError: `plugin_without_model`, or what its config_schema.json is guilty of.
        Exception: whatever the plugin's import raises.
    """
    path = folder if file == MODEL_FILE else folder / file
    return load_source(PluginSource(id=plugin_id, path=path, source_hash=source_hash(path)))


def load_model(folder: Path, plugin_id: str, model: str, file: str = MODEL_FILE) -> type[BaseModel]:
    """Import a plugin and give the one model with that metadata name (any, where it has only one).

    Raises:
        PluginError: `plugin_model_unknown`.
    """
    models = load_plugin(folder, plugin_id, file)
    named = [candidate for candidate in models if candidate.get_metadata().name == model]
    if named or len(models) == 1:
        return (named or models)[0]
    names = ", ".join(candidate.get_metadata().name for candidate in models)
    raise PluginError(
        "plugin_model_unknown", f"The plugin {plugin_id} has no model {model!r}.", f"It has: {names}."
    )


def load_source(source: PluginSource) -> list[type[BaseModel]]:
    """Import a plugin that was discovered; same as `load_plugin`."""
    module = import_source(source)
    has_schema_file = source.path.is_dir() and (source.folder / SCHEMA_FILE).is_file()
    models = models_in(module, {"get_config_schema"} if has_schema_file else ())
    if not models:
        raise PluginError(
            "plugin_without_model",
            f"{source.model_path} defines no model: no class in it inherits from BaseModel or an adapter.",
            "Write `class MyModel(TorchModel):` in it; see docs/plugin-guide.md.",
        )
    if has_schema_file:
        schema = read_schema_file(source.folder / SCHEMA_FILE)
        for model in models:
            _give_schema(model, schema)
    return models


def module_name(source: PluginSource) -> str:
    """Name the package a plugin is imported as: `lensmith_plugins.<id>_<hash8>`."""
    return f"{ROOT_PACKAGE}.{re.sub(r'[^0-9A-Za-z_]', '_', source.id)}_{source.source_hash[:8]}"


def import_source(source: PluginSource) -> ModuleType:
    """Import the file with the models. A second import of the same source gives the same module."""
    name = module_name(source)
    stem = Path(source.file).stem
    with _no_bytecode():
        importlib.invalidate_caches()
        if name not in sys.modules:
            _import_package(name, source)
        if not source.path.is_dir():
            return sys.modules[name]
        return importlib.import_module(f"{name}.{stem}")


def models_in(module: ModuleType, supplied: Collection[str] = ()) -> list[type[BaseModel]]:
    """Give the models a module defines; those its package's other files define where it has none of its own.

    Imported bases are left out, and so are abstract classes that only serve others as a base.

    Args:
        module: the plugin's.
        supplied: methods that a class may lack without being abstract, since they come from elsewhere.
    """
    classes = [value for value in vars(module).values() if _is_model(value)]
    own = [value for value in classes if value.__module__ == module.__name__]
    siblings = module.__name__.rpartition(".")[0] + "."
    found = own or [value for value in classes if value.__module__.startswith(siblings)]
    unique = list(dict.fromkeys(found))
    return [model for model in unique if not (_is_abstract(model, supplied) and _has_heir(model, unique))]


def _is_model(value: object) -> bool:
    return (
        isinstance(value, type)
        and issubclass(value, BaseModel)
        and not value.__module__.startswith("engine.")
    )


def _is_abstract(model: type[BaseModel], supplied: Collection[str]) -> bool:
    return inspect.isabstract(model) and not model.__abstractmethods__ <= frozenset(supplied)


def _has_heir(model: type[BaseModel], others: list[type[BaseModel]]) -> bool:
    return any(other is not model and issubclass(other, model) for other in others)


def _import_package(name: str, source: PluginSource) -> None:
    """Register the plugin's package: its folder with or without an __init__.py, or its one file."""
    if ROOT_PACKAGE not in sys.modules:
        root = ModuleType(ROOT_PACKAGE)
        root.__path__ = []
        sys.modules[ROOT_PACKAGE] = root
    init = source.folder / "__init__.py"
    if source.path.is_dir() and not init.is_file():
        package = ModuleType(name)
        package.__path__ = [str(source.folder)]
        sys.modules[name] = package
        return
    places = [str(source.folder)] if source.path.is_dir() else None
    location = init if source.path.is_dir() else source.path
    spec = importlib.util.spec_from_file_location(name, location, submodule_search_locations=places)
    if spec is None or spec.loader is None:
        raise PluginError(
            "plugin_unreadable", f"{location} cannot be imported as Python.", "Name it model.py."
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


def has_schema_of_file(model: type[BaseModel]) -> bool:
    """Say whether a loaded model's settings come from its config_schema.json."""
    return _SCHEMA_MARK in vars(_schema_definer(model))


def _give_schema(model: type[BaseModel], schema: ConfigSchema) -> None:
    """Let config_schema.json answer for a model that doesn't declare its settings in code.

    An adapter's own settings (optimizer, schedule, ...) stay, below those of the file.
    """
    definer = _schema_definer(model)
    if not definer.__module__.startswith("engine."):
        return
    whole = schema if definer is BaseModel else laid_over(schema, model.get_config_schema())
    model.get_config_schema = classmethod(lambda _: whole)  # pyright: ignore[reportAttributeAccessIssue]
    setattr(model, _SCHEMA_MARK, True)
    abc.update_abstractmethods(model)


def _schema_definer(model: type[BaseModel]) -> type:
    return next(parent for parent in model.__mro__ if "get_config_schema" in vars(parent))


@contextmanager
def _no_bytecode() -> Iterator[None]:
    """Leave no __pycache__ in folders that are hashed, copied and perhaps read-only."""
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before
