"""The sampling thread, the clock, and the queues between threads."""
