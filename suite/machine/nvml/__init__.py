"""NVIDIA's management library: the one board that work runs on, and a simulated one with a known truth."""
