"""Efficient architectures: the same task by a network that takes less to train or to run."""
