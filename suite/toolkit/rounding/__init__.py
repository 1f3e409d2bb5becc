"""Weights in whole numbers that a technique chooses itself: the rounding, and the layouts of the kernels."""
