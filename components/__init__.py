"""Programs that connect to a backplane: one file, one process."""
