"""Each value to its place: a setting, a plugin's section, another driver's business, or a problem."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import SecretStr

from helix_core.settings.names import prefix_of
from helix_core.settings.sources import SECRETS_FILE, SETTINGS_FILE, Found

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from helix_core.settings.names import Names
    from helix_core.settings.sources import Layer

_SECTIONS = "PLUGINS"
SECRET_FIELDS = frozenset(
    {"api_key", "api_secret", "webhook_secrets", "status_token", "telegram_bot_token", "apprise_urls"}
)
"""Fields of Settings that hold a secret."""
_SOUNDS_SECRET = re.compile(r"(.*_)?(secret|secrets|token|tokens|password|passphrase|key|keys|credentials)")


@dataclass(slots=True)
class Sorted:
    """What stood in all layers together. Problems and warnings are sentences for the owner."""

    found: dict[str, Found] = field(default_factory=dict)
    sections: dict[str, dict[str, object]] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def sort(layers: Sequence[Layer], names: Names, *, known_plugins: Collection[str]) -> Sorted:
    """Sort all layers, the lowest first, so that a later one wins."""
    result = Sorted()
    for layer in layers:
        for name, value in layer.values.items():
            if name == _SECTIONS and isinstance(value, Mapping):
                _sort_sections(layer, value, names, known_plugins, result)
            elif name in names.variables:
                _sort_setting(layer, name, names.variables[name], value, result)
            elif names.is_another_drivers(name):
                _warn_of_a_slip(layer, name, names, result)
            else:
                _sort_unknown(layer, name, value, names, result)
    return result


def _sort_setting(layer: Layer, name: str, setting: str, value: object, result: Sorted) -> None:
    result.found[setting] = Found(value, layer.source)
    result.origins[name] = layer.source
    if setting in SECRET_FIELDS and layer.source == SETTINGS_FILE and value:
        result.warnings.append(f"{name} is a secret, and settings.toml is no place for one. Move it to .secrets.toml.")


def _warn_of_a_slip(layer: Layer, name: str, names: Names, result: Sorted) -> None:
    meant = names.meant(name)
    if meant:
        result.warnings.append(
            f"{name} ({layer.source}) is not read: it belongs to a driver that is not active. Did you mean {meant}?"
        )


def _sort_unknown(layer: Layer, name: str, value: object, names: Names, result: Sorted) -> None:
    meant, owned = names.meant(name), names.owner(name)
    if meant is None and owned is not None:
        _put(layer, *owned, value, result)
    elif meant is not None:
        result.problems.append(f"{name} ({layer.source}) is not a setting. Did you mean {meant}?")
    elif layer.is_file:
        result.problems.append(
            f"{name} ({layer.source}) is not a setting. Delete it; settings.toml as it came with Helix lists them all."
        )


def _sort_sections(
    layer: Layer, sections: Mapping[str, object], names: Names, known: Collection[str], result: Sorted
) -> None:
    for plugin, section in sections.items():
        where = f"[plugins.{plugin}] ({layer.source})"
        if plugin not in known:
            meant = next(iter(difflib.get_close_matches(plugin, known, n=1)), None)
            fix = f"Did you mean [plugins.{meant}]?" if meant else "Install the plugin or delete the section."
            result.problems.append(f"{where}: no plugin or driver of that name is installed. {fix}")
        elif not isinstance(section, Mapping):
            result.problems.append(f"{where} is not a section. Write its settings below a line [plugins.{plugin}].")
        else:
            for key, value in section.items():
                _sort_key(layer, plugin, key, value, names, result)


def _sort_key(layer: Layer, plugin: str, key: str, value: object, names: Names, result: Sorted) -> None:
    variable = f"{prefix_of(plugin)}_{key.upper()}"
    if variable in names.variables:
        result.problems.append(
            f"plugins.{plugin}.{key} ({layer.source}) is one of Helix's own settings. Write it as {variable}, "
            "above all sections."
        )
    else:
        _put(layer, plugin, key.lower(), value, result)


def _put(layer: Layer, plugin: str, key: str, value: object, result: Sorted) -> None:
    secret = layer.source == SECRETS_FILE or _SOUNDS_SECRET.fullmatch(key) is not None
    result.sections.setdefault(plugin, {})[key] = _sealed(value) if secret else value
    result.origins[f"plugins.{plugin}.{key}"] = layer.source


def _sealed(value: object) -> object:
    """Texts become SecretStr, at any depth."""
    if isinstance(value, str):
        return SecretStr(value)
    if isinstance(value, Mapping):
        return {key: _sealed(entry) for key, entry in value.items()}
    return tuple(_sealed(entry) for entry in value) if isinstance(value, list | tuple) else value
