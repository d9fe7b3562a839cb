"""Azurite, the emulator of Azure Blob Storage that the tests write to and read from. Must not know what they test."""
