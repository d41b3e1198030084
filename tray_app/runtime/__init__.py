"""The thread that samples, the clock, and what carries values between threads."""
