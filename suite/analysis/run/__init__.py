"""What the points of a run say together."""
