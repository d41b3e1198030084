"""Output for terminals and pipes: live screen, plain lines, JSON."""
