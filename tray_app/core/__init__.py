"""Values and pure functions. No I/O, no threads, no clock: time comes as an argument."""
