"""Several devices in one pod: one process each, all taking the same steps on their slices of a batch."""
