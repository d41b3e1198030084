"""What a person sees: the icon, the tray, the notifications, the terminal."""
