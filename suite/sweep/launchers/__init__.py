"""Where the points of a sweep run: one after another here, or each on a node or GPU of its own."""
