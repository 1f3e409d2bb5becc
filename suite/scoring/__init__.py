"""What tasks share: which items are scored, in which batches, with what labels."""
