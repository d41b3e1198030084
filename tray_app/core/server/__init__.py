"""Which process is the server: finding, naming and tracking it."""
