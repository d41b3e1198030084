"""The Linux desktop over D-Bus: icon, menu, notifications, colour scheme."""
