"""Faults on an API server of their own. A package, so that it ends with their last test: others need the CPUs."""
