"""How a finished model cannot be used.

Owns the one exception of this package beside `images.ImageProblem`. Must not know runs or their reasons.
"""


class ModelUnusable(ValueError):
    """A file or folder that holds no usable model; the text names it and says what is wrong."""
