"""Who provides a plugin, and how it is imported."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING

from helix_core.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PLUGIN_GROUP = "helix.plugins"
EXCHANGE_GROUP = "helix.exchanges"

DEFAULT_PLUGINS = (
    "helix_plugins.risk",
    "helix_plugins.tradingview",
    "helix_plugins.log",
    "helix_plugins.telegram",
    "helix_plugins.apprise",
)
"""Helix's own plugins, imported by name like everybody else's. The last part is the plugin's name."""

PAPER_PLUGIN = "helix_plugins.paper"
"""Simulates any driver's orders. It is asked for a client in paper mode only, so it is not among the others."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)


def is_name(text: object) -> bool:
    """True for what plugins, drivers and the objects they provide may be called."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One plugin before it is imported. `str()` of it is how errors name it."""

    name: str
    distribution: str
    version: str
    first_party: bool
    import_it: Callable[[], object] = field(repr=False, compare=False)

    def __str__(self) -> str:
        """Name, distribution and version, so that the owner knows what to update or remove."""
        return f"{self.name} ({self.distribution} {self.version})"

    @property
    def remedy(self) -> str:
        """What the owner can do about a failure of this plugin."""
        if self.first_party:
            return "Install helix-core again."
        return f"Update {self.distribution}, or remove it: pip uninstall {self.distribution}."

    def load(self) -> object:
        """Import the plugin. Raises PluginError naming it, whatever its code raises, SystemExit included."""
        if not is_name(self.name):
            raise PluginError(
                f"The plugin {self} has a name that is none: small letters, digits, - and _ only. {self.remedy}"
            )
        try:
            return self.import_it()
        except (Exception, SystemExit) as error:
            reason = f"{type(error).__name__}: {error}"
            raise PluginError(f"The plugin {self} could not be imported: {reason}. {self.remedy}") from error

    def row(self, kinds: list[str], status: str) -> dict[str, object]:
        """One line of the list of plugins, ready for JSON."""
        return {
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "kinds": sorted(kinds),
            "status": status,
        }


def first_party(modules: Sequence[str]) -> list[Provider]:
    """Helix's own plugins, in the order given."""
    try:
        version = metadata.version("helix-core")
    except metadata.PackageNotFoundError:
        version = "not installed"
    return [
        Provider(
            name=module.rpartition(".")[2],
            distribution="helix-core",
            version=version,
            first_party=True,
            import_it=partial(importlib.import_module, module),
        )
        for module in modules
    ]


def installed(group: str) -> list[Provider]:
    """All entry points of a group, sorted by name, since the file system's order means nothing. Imports none."""
    found = [_provider(entry) for entry in metadata.entry_points(group=group)]
    return sorted(found, key=lambda provider: (provider.name, provider.distribution))


def _provider(entry: metadata.EntryPoint) -> Provider:
    return Provider(
        name=entry.name,
        distribution=entry.dist.name if entry.dist else "an unknown distribution",
        version=entry.dist.version if entry.dist else "",
        first_party=False,
        import_it=entry.load,
    )
