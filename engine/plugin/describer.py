"""The catalogue of all plugins, as verbs and the window read it: described elsewhere, kept, filtered, found by name.

Loads neither torch nor a plugin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from engine.config.problems import nearest
from engine.errors import UserError
from engine.plugin.catalogue_cache import CatalogueCache
from engine.plugin.discovery import PluginSource, discover, plugin_folders
from engine.plugin.isolation import Limits
from engine.plugin.plugin_process import describe_apart
from engine.plugin.requirements import missing_requirements
from engine.protocol.catalog import Catalogue, PluginEntry, PluginProblem
from engine.protocol.home import Home
from engine.protocol.times import DESCRIBE_TIMEOUT_S


def describe(home: Home, refresh: bool = False, limit_s: float = DESCRIBE_TIMEOUT_S) -> Catalogue:
    """Describe every plugin; only those that are new or changed since the last time are imported.

    Args:
        home: the user's folder; its own plugins and its cache.
        refresh: describe all anew.
        limit_s: how long the import of one plugin may take.
    """
    sources = discover(plugin_folders(home))
    cache = CatalogueCache(home)
    known = {source.path: None if refresh else cache.get(source) for source in sources}
    unknown = [source for source in sources if known[source.path] is None]
    for source, found in zip(unknown, describe_apart(unknown, Limits(limit_s)), strict=True):
        known[source.path] = found.entries
        if found.can_be_kept:
            cache.keep(source, found.entries, found.missing_module)
    if unknown:
        cache.save(sources)
    entries = [with_requirements(source, entry) for source in sources for entry in known[source.path] or []]
    return Catalogue(entries=with_clashes(entries))


def filter_entries(
    catalogue: Catalogue, framework: str | None = None, task: str | None = None, tag: str | None = None
) -> list[PluginEntry]:
    """Give the entries whose metadata fit everything that is asked for; None asks for nothing, case is ignored.

    A plugin without metadata fits only when nothing is asked for.
    """
    if framework is None and task is None and tag is None:
        return list(catalogue.entries)
    return [
        entry
        for entry in catalogue.entries
        if (about := entry.metadata) is not None
        and (framework is None or about.framework.lower() == framework.lower())
        and (task is None or about.task_type.lower() == task.lower())
        and (tag is None or tag.lower() in (known.lower() for known in about.tags))
    ]


def find_entry(catalogue: Catalogue, name: str) -> PluginEntry:
    """Find a model by its plugin's folder name or by its own name.

    Raises:
        UserError: `plugin_unknown` with the nearest name, `plugin_ambiguous` naming all that are meant.
    """
    found = [entry for entry in catalogue.entries if name in (entry.id, entry.model)]
    if len(found) > 1 and len({entry.folder for entry in found}) == 1:
        found = [entry for entry in found if entry.model == name] or found
    if len(found) == 1:
        return found[0]
    if not found:
        raise _unknown(catalogue, name)
    if len({entry.folder for entry in found}) == 1:
        models = ", ".join(entry.model or "(unnamed)" for entry in found)
        raise UserError(
            "plugin_ambiguous",
            f"The plugin {name!r} holds several models: {models}.",
            "Name the model instead of the plugin.",
        )
    folders = " and ".join(dict.fromkeys(entry.folder for entry in found))
    raise UserError(
        "plugin_ambiguous",
        f"More than one plugin is called {name!r}: {folders}.",
        "Rename one of them: its folder, and the name in its metadata.",
    )


def with_requirements(source: PluginSource, entry: PluginEntry) -> PluginEntry:
    """Add what requirements.txt asks for and is not installed now."""
    missing, problems = missing_requirements(source)
    return entry.model_copy(
        update={"missing_requirements": missing, "problems": [*entry.problems, *problems]}
    )


def _unknown(catalogue: Catalogue, name: str) -> UserError:
    names = list(
        dict.fromkeys(known for entry in catalogue.entries for known in (entry.id, entry.model) if known)
    )
    close = nearest(name, names)
    if close is not None:
        hint = f"Did you mean {close!r}?"
    else:
        hint = f"There are: {', '.join(names)}." if names else "There are no plugins."
    return UserError(
        "plugin_unknown", f"There is no plugin {name!r}.", f"{hint} See `lensmith plugins list`."
    )


def with_clashes(entries: Sequence[PluginEntry]) -> list[PluginEntry]:
    """Tell of names that stand for two things, on each of them."""
    holders: dict[str, dict[tuple[str, int], None]] = defaultdict(dict)
    for number, entry in enumerate(entries):
        holders[entry.id][entry.folder, -1] = None
        if entry.model and entry.model != entry.id:
            holders[entry.model][entry.folder, number] = None
    result = list(entries)
    for number, entry in enumerate(entries):
        for name in dict.fromkeys([entry.id, entry.model]):
            others = [(folder, which) for folder, which in holders.get(name, {}) if folder != entry.folder]
            twins = [other for other in entries if other.folder == entry.folder and other.model == name]
            if others or (name == entry.model and len(twins) > 1):
                folders = list(dict.fromkeys([entry.folder, *(folder for folder, _ in others)]))
                result[number] = _with_problem(result[number], _clash(entry, name, folders))
    return result


def _with_problem(entry: PluginEntry, problem: PluginProblem) -> PluginEntry:
    return entry.model_copy(update={"problems": [*entry.problems, problem]})


def _clash(entry: PluginEntry, name: str, folders: Sequence[str]) -> PluginProblem:
    what = "Two plugins are" if len(folders) > 1 else "Two models of one plugin are"
    return PluginProblem(
        code="plugin_name_clash",
        message=f"{what} called {name!r}: {' and '.join(folders)}.",
        file=entry.folder,
        hint="Rename one of them: its folder, and the name in its metadata.",
    )
