"""Generators and checks of this repository, run by `make generate` and `make verify`; nothing here is shipped."""
