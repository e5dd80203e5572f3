"""The HTTP door: alerts come in by the webhook; people and monitors may look in.

`create_app` makes the FastAPI application over a Desk, `Server` serves it on a port.
"""

from helix_core.web.app import create_app
from helix_core.web.door import DoorSettings
from helix_core.web.server import Server

__all__ = ["DoorSettings", "Server", "create_app"]
