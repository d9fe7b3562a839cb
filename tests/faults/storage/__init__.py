"""Faults of object storage. A package, so that its Azurite ends with their last test."""
