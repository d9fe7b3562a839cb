"""Why a project cannot be copied. Must not do: anything but name it."""


class MigrationError(Exception):
    """What ends a migration; the text says what is wrong, where, and what to do."""
