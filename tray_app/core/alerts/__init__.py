"""When to warn: one module for each alert policy. A policy knows no other policy."""
