"""Points whose arms are servers: measured from outside, into the same record."""
