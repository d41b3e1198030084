"""Shows pages to this machine's browser, over HTTP; it knows no history."""
