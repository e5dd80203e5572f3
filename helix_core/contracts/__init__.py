"""What a plugin implements: an exchange client, a risk check, a notifier, a signal source."""
