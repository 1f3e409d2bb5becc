"""What techniques share: layers, effects, training, libraries."""
