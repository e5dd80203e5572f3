"""The settings of a start, kept to be compared with those of the next: secrets as keyed digests, never themselves."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from helix_core.logs import Scrubber
from helix_core.settings.names import Names
from helix_core.settings.sealed import password_of, without_password
from helix_core.settings.showing import BOOKKEEPING, shown

if TYPE_CHECKING:
    from helix_core.settings import Settings

Snapshot = dict[str, dict[str, str]]
"""By name of a setting: its `value` as it may be shown, or the `digest` of a secret."""

NOT_SET = "not set"


def snapshot(settings: Settings, key: bytes) -> Snapshot:
    """Every setting; a secret as a digest that says nothing to anyone without `key`, wherever it stands."""
    names = Names.known(type(settings).model_fields, settings.active_exchange, ())
    values = {names.variable(field): value for field, value in dict(settings).items() if field not in BOOKKEEPING}
    for plugin, section in settings.plugin_sections.items():
        values |= {f"plugins.{plugin}.{name}": value for name, value in section.items()}
    database, password = names.variable("database_url"), password_of(settings.database_url)
    values[database], values[f"password in {database}"] = without_password(settings.database_url), password
    scrub = Scrubber(settings.secrets)
    return {name: _kept(value, key, scrub) for name, value in values.items()}


def changes(before: Snapshot, now: Snapshot) -> dict[str, Any]:
    """By name of each setting that differs: its `old` and `new` value; of a secret only a word for what was done."""
    absent = {"value": NOT_SET}
    pairs = {name: (before.get(name, absent), now.get(name, absent)) for name in sorted({*before, *now})}
    return {name: _change(old, new) for name, (old, new) in pairs.items() if old != new}


def _change(old: dict[str, str], new: dict[str, str]) -> object:
    if "digest" not in old and "digest" not in new:
        return {"old": old["value"], "new": new["value"]}
    if "digest" in old and "digest" in new:
        return "changed"
    return "set" if "digest" in new else "removed"


def _kept(value: object, key: bytes, scrub: Scrubber) -> dict[str, str]:
    if not _is_secret(value):
        return {"value": scrub(shown(value))}
    plain = json.dumps(_revealed(value), sort_keys=True)
    return {"digest": hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()}


def _is_secret(value: object) -> bool:
    """True for a secret, and for whatever holds one."""
    if isinstance(value, Mapping):
        return any(map(_is_secret, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_is_secret, value))
    return isinstance(value, SecretStr)


def _revealed(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _revealed(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_revealed(entry) for entry in value]
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
