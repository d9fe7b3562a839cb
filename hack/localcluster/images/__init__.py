"""The three images of the product: built with buildah and handed to containerd."""
