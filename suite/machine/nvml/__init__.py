"""NVIDIA's management library: the boards in use, and simulated ones with a known truth."""
