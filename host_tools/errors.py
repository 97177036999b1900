"""What ends a command with a sentence instead of a traceback."""


class InputError(Exception):
    """Bad input; the message is one sentence: what is wrong, where, and what to do about it."""


class RunError(Exception):
    """A run that cannot go on since a process it needs is gone; the message says which, and where to look."""
