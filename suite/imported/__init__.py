"""Results of other tools, as rows that stand beside a run: imported, unpaired."""
