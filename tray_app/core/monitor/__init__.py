"""The one transition: step(state, input, now) -> (state, events)."""
