"""How right are the figures? `make bench-measurement` prints one table against an exactly known truth."""
