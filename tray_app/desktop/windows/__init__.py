"""Additions to pystray's icon on Windows."""
