"""What a time amounts to: a run, a quick test, a day."""
