"""Offers the figures to Prometheus: a page at /metrics, made from the last published state."""
