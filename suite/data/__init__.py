"""Files, folders and hub data sets to labelled splits."""
