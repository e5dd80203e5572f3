"""`helix init`: from nothing to settings that work. Everything is tried before anything is written."""
