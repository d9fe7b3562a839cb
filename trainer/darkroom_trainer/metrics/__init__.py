"""Scores by the names of the replaced service, computed in numpy and COCO's own evaluation; torch is not needed."""
