"""Gradient checkpointing: activations are computed again instead of kept."""
