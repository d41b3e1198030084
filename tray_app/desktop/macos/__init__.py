"""Additions to pystray's icon on macOS."""
