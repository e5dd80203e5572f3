"""What came back from a hook: the right type, a name, and one that nobody else has."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from helix_core.domain.risk import ENTRY_GATES
from helix_core.errors import ConfigError, PluginError
from helix_core.plugins.provider import is_name

if TYPE_CHECKING:
    from helix_core.plugins.provider import Provider

_MOST = 100


class Collected:
    """All objects of one kind, each with the plugin it came from."""

    def __init__(self, hook: str, contract: type) -> None:
        """Collect instances of `contract` that plugins hand over through `hook`."""
        self._hook, self._contract = hook, contract
        self._owners: dict[str, Provider] = {}
        self.objects: list[Any] = []

    def take(self, provider: Provider, answer: object) -> None:
        """Take a plugin's answer to the hook. Raises PluginError, and then keeps none of it."""
        objects = self._listed(provider, answer)
        names: dict[str, Provider] = {}
        for thing in objects:
            name = self._name(provider, thing)
            other = self._owners.get(name) or names.get(name)
            if other is not None:
                raise PluginError(
                    f"{self._contract.__name__} {name} is provided twice: by {other} and by {provider}. Remove one."
                )
            names[name] = provider
        self._owners.update(names)
        self.objects += objects

    def names(self, *, first_party: bool) -> set[str]:
        """Names of what came from Helix's own plugins, or from all others."""
        return {name for name, provider in self._owners.items() if provider.first_party is first_party}

    def _listed(self, provider: Provider, answer: object) -> list[object]:
        kind = self._contract.__name__
        if isinstance(answer, str | bytes | Mapping) or not isinstance(answer, Iterable):
            raise PluginError(
                f"The plugin {provider} returned a {type(answer).__name__} from {self._hook}, where a list of {kind} "
                f"belongs. {provider.remedy}"
            )
        try:
            objects = list(islice(answer, _MOST + 1))
        except ConfigError:
            raise
        except (Exception, SystemExit) as error:
            reason = f"{type(error).__name__}: {error}"
            raise PluginError(f"The plugin {provider} failed in {self._hook}: {reason}. {provider.remedy}") from error
        if len(objects) > _MOST:
            raise PluginError(f"The plugin {provider} returned more than {_MOST} objects from {self._hook}.")
        for thing in objects:
            if not isinstance(thing, self._contract):
                what = f"the class {thing.__name__}" if inspect.isclass(thing) else f"a {type(thing).__name__}"
                raise PluginError(
                    f"The plugin {provider} returned {what} from {self._hook}, where an object of a subclass of {kind} "
                    f"belongs. {provider.remedy}"
                )
        return objects

    def _name(self, provider: Provider, thing: Any) -> str:
        try:
            name: str = thing.name
        except Exception as error:
            raise PluginError(
                f"The plugin {provider} has a {self._contract.__name__} without a name. {provider.remedy}"
            ) from error
        if not is_name(name):
            raise PluginError(
                f"The plugin {provider} has a {self._contract.__name__} named {name!r}, which is no name: small "
                f"letters, digits, - and _ only. {provider.remedy}"
            )
        if name in ENTRY_GATES and not provider.first_party:
            raise PluginError(
                f"The plugin {provider} gives the name {name} to a {self._contract.__name__}. It is the name of one of "
                f"the seven gates, which nobody replaces. {provider.remedy}"
            )
        return name
