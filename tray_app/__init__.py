"""runanalyze-tray: the memory of a RunAnalyze server, in the system tray."""

__version__ = "0.1.0"
APP_ID = "runanalyze-tray"
"""The name of the program, its folders, its desktop entry and its icon."""
