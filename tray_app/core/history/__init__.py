"""What is recorded of the past, and how it is thinned: values and pure functions."""
