"""The icon's pictures; the only door to Pillow."""
