"""The icon's pictures; the door to Pillow."""
