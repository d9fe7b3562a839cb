"""The prediction server on the cluster. A package, so that it is installed for these tests alone."""
