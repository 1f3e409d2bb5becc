"""Tasks, one file each, named like its yaml under conf/task."""
