"""What screens say, from resources and files as plain values. Must not know requests, or do any I/O."""
