"""The user interface: icon, tray, notifications, terminal."""
