"""From joules to what they mean: energy of a use, carbon, water, equivalences, and what a source says of each."""
