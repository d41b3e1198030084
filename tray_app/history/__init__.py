"""The past on disk: one SQLite file for each server, one writer, any number of readers."""
