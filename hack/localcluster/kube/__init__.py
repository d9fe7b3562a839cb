"""What the cluster consists of: its components, its one node and what runs in it from the start."""
