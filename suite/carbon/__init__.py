"""Energy to carbon: grids, their intensities over time, quantities with their sources."""
