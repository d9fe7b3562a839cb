"""Datasets: annotation files and images, from storage to decoded arrays. Imports neither torch nor timm."""
