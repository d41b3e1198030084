"""Asks a Prometheus and its Alertmanager, over the same door to HTTP as the servers."""
