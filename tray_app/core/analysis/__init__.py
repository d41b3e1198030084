"""What the readings mean: activity, stage, jobs, colour band, rate, measurements."""
