"""Which source to trust: the circuit breaker of the API, the cross-check, the choice."""
