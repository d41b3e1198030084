"""The server's API: asking, checking answers, running what a person asks of the server."""
