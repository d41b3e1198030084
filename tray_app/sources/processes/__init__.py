"""This machine's processes: finding the server and reading its tree."""
