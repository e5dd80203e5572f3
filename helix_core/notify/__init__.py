"""What the owner is told: the texts, and their delivery out of the stored outbox."""

from helix_core.notify.delivery import Delivery
from helix_core.notify.outbox import Outbox

__all__ = ["Delivery", "Outbox"]
