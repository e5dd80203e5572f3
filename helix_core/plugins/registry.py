"""pluggy, one plugin at a time, so that every failure and every answer has an owner.

pluggy by itself drops a None, stops all plugins when one raises, and does not notice a misspelt hook or a forgotten
`@hookimpl`. Each of these is an error here.
"""

from __future__ import annotations

import difflib
import inspect
from typing import TYPE_CHECKING

import pluggy

from helix_core import hookspecs
from helix_core.errors import ConfigError, PluginError

if TYPE_CHECKING:
    from helix_core.config import PluginConfig
    from helix_core.plugins.provider import Provider

HOOKS = ("helix_exchanges", "helix_risk_checks", "helix_notifiers", "helix_signal_sources", "helix_introductions")


class Registry:
    """The plugins of one Helix. An object with an owner: two of them know nothing of each other."""

    def __init__(self) -> None:
        """Start without plugins."""
        self._manager = pluggy.PluginManager("helix")
        self._manager.add_hookspecs(hookspecs)

    def add(self, provider: Provider, plugin: object, *, allowed: tuple[str, ...]) -> None:
        """Register an imported plugin that may implement the hooks `allowed`. Raises PluginError."""
        _check_version(provider, plugin)
        try:
            self._manager.register(plugin, name=provider.name)
        except (Exception, SystemExit) as error:
            raise PluginError(f"The plugin {provider} was refused: {error}. {provider.remedy}") from error
        problem = self._problem(plugin, allowed)
        if problem:
            self._manager.unregister(plugin)
            raise PluginError(f"The plugin {provider} {problem} {provider.remedy}")
        self._manager.check_pending()

    def hooks(self, provider: Provider) -> tuple[str, ...]:
        """Names of the hooks that a registered plugin implements."""
        plugin = self._manager.get_plugin(provider.name)
        return tuple(caller.name for caller in self._manager.get_hookcallers(plugin) or ())

    def ask(self, provider: Provider, hook: str, config: PluginConfig) -> object:
        """Call one hook of one plugin with its own configuration, and return its answer, which is never None.

        Raises PluginError for whatever goes wrong in it; a ConfigError of the plugin goes through as it is, because
        it tells the owner what to set.
        """
        plugin = self._manager.get_plugin(provider.name)
        others = [other for other in self._manager.get_plugins() if other is not plugin]
        try:
            answers = self._manager.subset_hook_caller(hook, others)(config=config)
        except ConfigError:
            raise
        except (Exception, SystemExit) as error:
            reason = f"{type(error).__name__}: {error}"
            raise PluginError(f"The plugin {provider} failed in {hook}: {reason}. {provider.remedy}") from error
        if not answers:
            raise PluginError(f"The plugin {provider} returned nothing from {hook}. {provider.remedy}")
        return answers[0]

    def _problem(self, plugin: object, allowed: tuple[str, ...]) -> str | None:
        """What is wrong with a registered plugin, as the end of a sentence that begins with its name."""
        callers = self._manager.get_hookcallers(plugin) or []
        impls = [impl for caller in callers for impl in caller.get_hookimpls() if impl.plugin is plugin]
        implemented = {caller.name for caller in callers}
        return _wrong_names(plugin, implemented, allowed) or _wrong_shape(impls)


def _wrong_names(plugin: object, implemented: set[str], allowed: tuple[str, ...]) -> str | None:
    for name in HOOKS:
        if name not in implemented and callable(getattr(plugin, name, None)):
            return f"defines {name} without @hookimpl, so it would never be asked."
    for name in sorted(implemented - set(HOOKS)):
        meant = next(iter(difflib.get_close_matches(name, HOOKS, n=1)), None)
        return f"implements {name}, which is no hook of Helix.{f' Did you mean {meant}?' if meant else ''}"
    for name in sorted(implemented - set(allowed)):
        group = "helix.exchanges" if name == "helix_exchanges" else "helix.plugins"
        return f"implements {name}, which is asked only of entry points in the group {group}."
    return None if implemented else "has no hooks, so it would do nothing."


def _wrong_shape(impls: list[pluggy.HookImpl]) -> str | None:
    if any(impl.wrapper or impl.hookwrapper for impl in impls):
        return "wraps a hook. Hooks only hand over objects, so there is nothing to wrap."
    if any(inspect.iscoroutinefunction(impl.function) for impl in impls):
        return "has an async hook. Hooks are plain functions; what they return may be asynchronous."
    return None


def _check_version(provider: Provider, plugin: object) -> None:
    if inspect.isclass(plugin):
        raise PluginError(f"The plugin {provider} is a class. Its entry point must name a module or an object.")
    wanted = getattr(plugin, "helix_api", hookspecs.API_VERSION)
    if wanted != hookspecs.API_VERSION:
        raise PluginError(
            f"The plugin {provider} was written for version {wanted!r} of Helix's plugin interface, and this Helix has "
            f"version {hookspecs.API_VERSION}. {provider.remedy}"
        )
