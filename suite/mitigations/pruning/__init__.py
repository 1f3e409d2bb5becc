"""Pruning: weights, channels or blocks that matter least are taken out."""
