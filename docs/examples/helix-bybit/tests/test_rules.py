"""Helix's own rules for drivers. Those about money need an account, so recorded answers leave them out, and say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helix_core.testing import ExchangeSuite

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core.testing import RecordedRig


class TestRules(ExchangeSuite):
    """The fixture `venue` is in conftest.py."""

    @pytest.fixture
    def rig(self, venue: Callable[..., RecordedRig]) -> RecordedRig:
        """The driver on its venue, new for each rule."""
        return venue()
