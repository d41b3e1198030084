"""Several servers at once: which is the worst, and which alerts are one message."""
