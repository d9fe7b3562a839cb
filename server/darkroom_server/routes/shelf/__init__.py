"""The routes of shelves. Must not match or compose anything."""
