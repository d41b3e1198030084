"""Readings that are too slow for the sampler: USS/PSS and the temp directory."""
