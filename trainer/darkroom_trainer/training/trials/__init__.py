"""The search of a training: its rounds, the trials that train side by side, and the list of what was tried."""
