"""Intervals, paired ratios and cross-checks. Pure functions."""
