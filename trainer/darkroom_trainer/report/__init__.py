"""The report: what a run found, told to people as one page and to programs as JSON."""
