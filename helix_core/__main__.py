"""`python -m helix_core` is `helix`."""

from helix_core.cli import main

main()
