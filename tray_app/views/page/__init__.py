"""The history page: one HTML file with everything in it, which asks nobody for anything."""
