"""Many simulated servers under a real Prometheus: what each size costs, and what is lost."""
