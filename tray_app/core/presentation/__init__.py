"""Every word and picture value that a person sees, as pure functions of state and events."""
