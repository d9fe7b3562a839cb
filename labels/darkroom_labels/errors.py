"""Why labels cannot be used. Must not do: anything but name it."""


class LabelsUnusable(Exception):
    """The text says what is wrong, where, and what to do."""
