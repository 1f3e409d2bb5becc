"""Federated learning and edge computing: work is done on small machines, near where its data is."""
