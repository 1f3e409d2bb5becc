"""One point: both arms, paired, into one record."""
