"""Client order ids: made before the order is sent, and enough to find it again."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from helix_core.domain.order import OrderKind

ORDER_ID_PREFIX = "e11c"
"""First characters of every client order id of Helix: tells its orders from a human's."""
OWN_ORDER = re.compile(rf"({ORDER_ID_PREFIX}[0-9a-f]{{{32 - len(ORDER_ID_PREFIX)}}})(?:-[a-z]+)?")
"""Client order ids of Helix, and those of the parts of its stops; the first group is the id in the journal."""


def client_order_id(signal_row: int, received_at: datetime, kind: OrderKind, attempt: int) -> str:
    """32 hexadecimal characters, the same for the same signal, purpose and attempt.

    The form suits the strictest venue known, and holds no word that a firewall could take for a query.
    """
    source = f"{signal_row}|{received_at.isoformat()}|{kind.value}|{attempt}"
    return ORDER_ID_PREFIX + hashlib.sha256(source.encode()).hexdigest()[: 32 - len(ORDER_ID_PREFIX)]
