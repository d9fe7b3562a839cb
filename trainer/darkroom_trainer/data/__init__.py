"""Datasets: COCO files and images, from storage to decoded arrays. Imports neither torch nor timm."""
