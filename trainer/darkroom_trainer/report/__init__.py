"""The report: what a run found, as a page for people and as JSON for programs."""
