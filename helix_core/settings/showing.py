"""The settings as `helix check` lists them: name, value, source. Never a secret."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import SecretStr

from helix_core.settings.sealed import without_password

if TYPE_CHECKING:
    from pydantic import BaseModel

    from helix_core.settings.names import Names

Row = tuple[str, str, str]
"""Name, value as it may be shown, source."""

DEFAULT = "default"
BOOKKEEPING = frozenset({"plugin_sections", "origins", "warnings"})
"""Fields of Settings that no variable sets."""


def rows(settings: BaseModel, names: Names) -> list[Row]:
    """One row for each setting in the order of the model, then one for each value of a plugin's section."""
    values = dict(settings)
    values["database_url"] = without_password(values["database_url"])
    origins: Mapping[str, str] = values["origins"]
    listed = [
        (names.variable(field), shown(value), origins.get(names.variable(field), DEFAULT))
        for field, value in values.items()
        if field not in BOOKKEEPING
    ]
    for plugin, section in sorted(values["plugin_sections"].items()):
        for key, value in sorted(section.items()):
            name = f"plugins.{plugin}.{key}"
            listed.append((name, shown(value), origins.get(name, DEFAULT)))
    return listed


def shown(value: object) -> str:
    """`value` as text; a secret only says whether it is there."""
    if value is None or value in ((), ""):
        return "not set"
    if isinstance(value, SecretStr):
        return "set" if value.get_secret_value() else "not set"
    if isinstance(value, list | tuple):
        parts = [shown(entry) for entry in value]
        return "set" if set(parts) == {"set"} else ", ".join(parts)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {shown(entry)}" for key, entry in value.items())
    if isinstance(value, bool):
        return str(value).lower()
    return format(value, "f") if isinstance(value, Decimal) else str(value)
