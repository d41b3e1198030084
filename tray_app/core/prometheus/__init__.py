"""Many servers as a Prometheus knows them: it stores and evaluates; here is what it answers."""
