"""Every way a plugin can be broken stops the start, and is told with the plugin and its distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helix_core import API_VERSION, ENTRY_GATES, ConfigError, PluginError

if TYPE_CHECKING:
    from tests.plugin_loader.conftest import Site

WHO = "max_spread (helix-max-spread 1.2)"
HOOK = "@hookimpl\n"

BROKEN = {
    "import": ("import no_such_module_anywhere", "could not be imported: ModuleNotFoundError: "),
    "syntax": ("def", "could not be imported: SyntaxError: "),
    "exits": ("raise SystemExit(3)", "could not be imported: SystemExit: 3"),
    "no hooks": ("", "has no hooks"),
    "unmarked": ("def helix_risk_checks(): return [MaxSpread()]", "without @hookimpl"),
    "one unmarked": (
        f"{HOOK}def helix_risk_checks(): return [MaxSpread()]\ndef helix_notifiers(): return []",
        "defines helix_notifiers without @hookimpl",
    ),
    "misspelt": (
        f"{HOOK}def helix_risk_cheks(): return []",
        "helix_risk_cheks, which is no hook of Helix. Did you mean",
    ),
    "misspelt argument": (f"{HOOK}def helix_risk_checks(cfg): return []", "was refused: "),
    "raises": (
        f"{HOOK}def helix_risk_checks(): raise KeyError('limit')",
        "failed in helix_risk_checks: KeyError: 'limit'",
    ),
    "exits later": (
        f"{HOOK}def helix_risk_checks(): raise SystemExit(1)",
        "failed in helix_risk_checks: SystemExit: 1",
    ),
    "None": (f"{HOOK}def helix_risk_checks(): pass", "returned nothing from helix_risk_checks"),
    "not a list": (f"{HOOK}def helix_risk_checks(): return MaxSpread()", "returned a MaxSpread from helix_risk_checks"),
    "text": (f"{HOOK}def helix_risk_checks(): return 'MaxSpread'", "returned a str from helix_risk_checks"),
    "wrong type": (
        f"{HOOK}def helix_risk_checks(): return [lambda: True]",
        "returned a function from helix_risk_checks",
    ),
    "a class": (f"{HOOK}def helix_risk_checks(): return [MaxSpread]", "returned the class MaxSpread"),
    "abstract": (
        f"{HOOK}def helix_risk_checks(): return [type('Half', (RiskCheck,), {{'name': 'half'}})()]",
        "failed in helix_risk_checks: TypeError: Can't instantiate abstract class Half",
    ),
    "generator": (
        f"{HOOK}def helix_risk_checks():\n    yield MaxSpread()\n    raise ValueError('late')",
        "failed in helix_risk_checks: ValueError: late",
    ),
    "endless": (
        f"{HOOK}def helix_risk_checks():\n    while True:\n        yield MaxSpread()",
        "returned more than 100 objects",
    ),
    "async": (f"{HOOK}async def helix_risk_checks(): return [MaxSpread()]", "has an async hook"),
    "wrapper": (
        "@hookimpl(wrapper=True)\ndef helix_risk_checks():\n    return (yield)",
        "wraps a hook",
    ),
    "unnamed": (f"{HOOK}def helix_risk_checks(): return [Check()]", "has a RiskCheck without a name"),
    "no name": (
        f"{HOOK}def helix_risk_checks(): return [type('X', (Check,), {{'name': 'a b'}})()]",
        "has a RiskCheck named 'a b'",
    ),
    "twice": (
        f"{HOOK}def helix_risk_checks(): return [MaxSpread(), MaxSpread()]",
        "RiskCheck max_spread is provided twice",
    ),
    "another version": (
        f"helix_api = {API_VERSION + 1}\n{HOOK}def helix_risk_checks(): return [MaxSpread()]",
        f"written for version {API_VERSION + 1} of Helix's plugin interface",
    ),
    "an exchange": (
        "@hookimpl\ndef helix_exchanges(): return []",
        "helix_exchanges, which is asked only of entry points in the group helix.exchanges",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_named(site: Site, kind: str) -> None:
    """One plugin is broken: one sentence, with its name, its distribution, its version and what is wrong."""
    source, said = BROKEN[kind]
    site.install(source)

    with pytest.raises(PluginError) as caught:
        site.load()

    assert WHO in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize("gate", ENTRY_GATES)
def test_nobody_forges_a_gate(site: Site, gate: str) -> None:
    """A third party's check with the name of one of the seven would vote in its place."""
    site.install(f"@hookimpl\ndef helix_risk_checks(): return [type('X', (Check,), {{'name': '{gate}'}})()]")

    with pytest.raises(PluginError, match="the name of one of the seven gates") as caught:
        site.load()

    assert WHO in str(caught.value)


def test_a_gate_that_is_missing_stops_the_start(site: Site) -> None:
    """Six gates are none."""
    site.write(
        "house/risk.py", (site.folder / "house/risk.py").read_text().replace("in ENTRY_GATES", "in ENTRY_GATES[1:]")
    )

    with pytest.raises(PluginError, match="Gates are missing: max_positions"):
        site.load()


def test_a_first_party_plugin_that_is_missing_stops_the_start(site: Site) -> None:
    """The error says what to install again."""
    with pytest.raises(PluginError, match=r"gone \(helix-core .*could not be imported.*Install helix-core again"):
        site.load(defaults=("house.risk", "house.posts", "house.gone"))


def test_an_entry_point_to_nothing_is_named(site: Site) -> None:
    """The module is there, the object in it is not; or it is a class."""
    site.install("", target=":plugin")
    site.install("", name="other", distribution="helix-other", target=":MaxSpread")

    with pytest.raises(PluginError) as caught:
        site.load()

    assert f"{WHO} could not be imported: AttributeError" in str(caught.value)
    assert "other (helix-other 1.2) is a class" in str(caught.value)


def test_two_distributions_with_one_plugin_name_are_both_named(site: Site) -> None:
    """Which of the two would be in force would be chance; a first-party name is taken as well."""
    for name, distribution in (("max_spread", "helix-a"), ("max_spread", "helix-b"), ("risk", "helix-c")):
        site.install("@hookimpl\ndef helix_risk_checks(): return []", name=name, distribution=distribution)

    with pytest.raises(PluginError) as caught:
        site.load()

    assert "by max_spread (helix-a 1.2) and by max_spread (helix-b 1.2)" in str(caught.value)
    assert "by risk (helix-core" in str(caught.value)
    assert "and by risk (helix-c 1.2)" in str(caught.value)


def test_two_checks_with_one_name_are_both_named(site: Site) -> None:
    """Two plugins, one name of a check: verdicts could not be told apart."""
    source = "@hookimpl\ndef helix_risk_checks(): return [MaxSpread()]"
    site.install(source, name="one", distribution="helix-one")
    site.install(source, name="two", distribution="helix-two")

    with pytest.raises(PluginError, match=r"by one \(helix-one 1.2\) and by two \(helix-two 1.2\)"):
        site.load()


def test_all_failures_are_told_at_once(site: Site) -> None:
    """The owner mends everything in one go: a broken import does not hide a wrong type or a wrong setting."""
    site.install("import no_such_module_anywhere", name="a", distribution="helix-a")
    site.install(f"{HOOK}def helix_risk_checks(): return None", name="b", distribution="helix-b")

    with pytest.raises(PluginError) as caught:
        site.load(disabled=("nothing",))

    assert len(str(caught.value).splitlines()) == 3


def test_a_setting_that_a_plugin_misses_is_a_setting_to_mend(site: Site) -> None:
    """The plugin's own ConfigError comes through word for word."""
    site.install(f"{HOOK}def helix_risk_checks(config): return [config.decimal('limit_pct')]")

    with pytest.raises(ConfigError, match=r"^MAX_SPREAD_LIMIT_PCT is not set. The plugin max_spread needs it.$"):
        site.load()


def test_a_plugin_with_a_name_that_is_none_is_refused(site: Site) -> None:
    """Names become sections and prefixes of variables."""
    site.install(f"{HOOK}def helix_risk_checks(): return []", name="Max Spread")

    with pytest.raises(PluginError, match="has a name that is none"):
        site.load()
