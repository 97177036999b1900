"""The one exception that means: the user's input is at fault, not the program."""


class InputError(Exception):
    """Bad input; the message is one sentence: what is wrong, where, and what to do about it."""
