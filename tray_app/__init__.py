"""runanalyze-tray: the memory of a RunAnalyze server, in the system tray."""

__version__ = "0.1.0"
