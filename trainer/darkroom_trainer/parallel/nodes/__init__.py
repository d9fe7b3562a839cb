"""The other pods of a run: how they join it, and how their devices get orders and answer over the network."""
