"""Tests marked `deep` take long and prove once more what others prove: `make deep` runs them, `make test` does not."""

from __future__ import annotations

from tests.waiting_loop import WaitingLoop

DEEP = "deep: long, and not run unless asked for: pytest -m deep"


def pytest_configure(config):
    """Register the mark."""
    config.addinivalue_line("markers", DEEP)


def pytest_collection_modifyitems(config, items):
    """Leave out what is deep, unless marks were asked for by name."""
    if config.option.markexpr:
        return
    deep = [item for item in items if item.get_closest_marker("deep")]
    if deep:
        config.hook.pytest_deselected(items=deep)
        items[:] = [item for item in items if not item.get_closest_marker("deep")]


def pytest_asyncio_loop_factories(config, item):
    """Let no test depend on how fast this machine is."""
    return {"waiting": WaitingLoop}
