"""Optimised hardware and the software that makes use of it: compilers, runtimes, number formats of the units."""
