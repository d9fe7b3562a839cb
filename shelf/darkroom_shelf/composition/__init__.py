"""Photos of a shelf made into one that can be matched: rectified, and joined. Must not know planograms."""
