"""Pictures that ship with the app."""
