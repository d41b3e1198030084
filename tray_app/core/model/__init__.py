"""Values that every other package shares: readings, addresses, presets, options of the icon."""
