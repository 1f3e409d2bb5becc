"""Quantisation: weights, or weights and activations, in fewer bits."""
