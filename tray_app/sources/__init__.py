"""Where readings come from: the API, the processes, the temp directory."""
