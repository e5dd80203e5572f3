"""`helix new`: a small repository to begin a plugin or a driver with, complete from the first minute."""
