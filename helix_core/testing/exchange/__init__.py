"""The rules for exchange drivers, and what they are tried on."""
