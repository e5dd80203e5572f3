"""The worker: from a stored signal to a protected position and out again."""
