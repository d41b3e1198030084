"""The operating system's desktop behind one door per library."""
