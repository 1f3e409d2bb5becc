"""Many points: what is left to measure, where each runs, what becomes of it."""
