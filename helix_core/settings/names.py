"""Which variable is which setting, whose it is, and what a misspelt one was meant to be."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_UNLIKE_ITS_FIELD = {"webhook_secrets": "WEBHOOK_SECRET"}
_OF_THE_DRIVER = {
    "api_key": "API_KEY",
    "api_secret": "API_SECRET",
    "exchange_base_url": "BASE_URL",
    "exchange_ws_url": "WS_URL",
}
_SOME_DRIVERS = re.compile(r"[A-Z0-9_]+_(API_KEY|API_SECRET|BASE_URL|WS_URL)", re.ASCII)
_CLOSE = 0.86


def prefix_of(name: str) -> str:
    """What the variables of an exchange or a plugin begin with: `max-spread` gives MAX_SPREAD."""
    return name.upper().replace("-", "_")


@dataclass(frozen=True, slots=True)
class Names:
    """The names that are known for one active exchange and one set of plugins."""

    variables: Mapping[str, str]
    """Variable -> field of Settings."""
    fields: Mapping[str, str]
    """Field of Settings -> variable."""
    owners: Mapping[str, str]
    """Prefix with its underscore -> plugin or exchange that every variable so beginning belongs to.

    A prefix that one of Helix's own variables has (LOG_, RISK_, WEBHOOK_) is nobody's: a slip of the pen in
    RISK_PER_TRADE_PCT must not pass for a setting of a plugin named risk.
    """

    @classmethod
    def known(cls, fields: Collection[str], exchange: str | None, plugins: Collection[str]) -> Names:
        """Names for `fields` of Settings. Without an exchange no driver's variables are known."""
        core = {field: _UNLIKE_ITS_FIELD.get(field, field.upper()) for field in fields if field not in _OF_THE_DRIVER}
        driver = {field: f"{prefix_of(exchange)}_{end}" for field, end in _OF_THE_DRIVER.items()} if exchange else {}
        by_field = {**core, **driver}
        prefixes = {f"{prefix_of(name)}_": name for name in (*plugins, *([exchange] if exchange else []))}
        return cls(
            variables={name: field for field, name in by_field.items()},
            fields=by_field,
            owners={prefix: name for prefix, name in prefixes.items() if not _any_begins(core.values(), prefix)},
        )

    def variable(self, field: str) -> str:
        """What the owner calls a field of Settings."""
        return self.fields.get(field) or f"<ACTIVE_EXCHANGE>_{_OF_THE_DRIVER.get(field, field.upper())}"

    def is_another_drivers(self, name: str) -> bool:
        """True for credentials and addresses of a driver that is not active: they are not even read."""
        return name not in self.variables and bool(_SOME_DRIVERS.fullmatch(name))

    def meant(self, name: str) -> str | None:
        """The known name that `name` is a slip of the pen for, if any."""
        return next(iter(difflib.get_close_matches(name.upper(), self.variables, n=1, cutoff=_CLOSE)), None)

    def owner(self, name: str) -> tuple[str, str] | None:
        """The plugin a variable belongs to, and the key the plugin knows it by. The longest prefix decides."""
        prefix = max((prefix for prefix in self.owners if name.startswith(prefix)), key=len, default=None)
        if prefix is None or name == prefix:
            return None
        return self.owners[prefix], name.removeprefix(prefix).lower()


def _any_begins(names: Iterable[str], prefix: str) -> bool:
    return any(name.startswith(prefix) for name in names)
