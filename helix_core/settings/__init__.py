"""The owner's settings: read from files and the environment, checked all at once, frozen.

sources.py    settings.toml, .secrets.toml, .env and the environment, each as a layer; the only file that knows dynaconf
names.py      which variable is which setting, and what a misspelt one was meant to be
numbers.py, words.py, sealed.py, addresses.py    how one value is read, and what is said when it cannot be
model.py      `Settings`: every setting with its type, its range and its default
required.py   what must be set, which depends on the other settings
loading.py    `load`: all of the above in one function
showing.py    what `helix check` lists
"""

from helix_core.settings.loading import load
from helix_core.settings.model import Settings
from helix_core.settings.words import LIVE_PHRASE

__all__ = ["LIVE_PHRASE", "Settings", "load"]
