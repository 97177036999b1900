"""A node's store in RAM, which may be full."""


class RamStore:
    """`files` holds all; while `full` is set nothing can be saved."""

    def __init__(self) -> None:
        self.files: dict = {}
        self.full = False

    def load(self, name: str) -> bytes:
        if name not in self.files:
            raise OSError(2)
        return self.files[name]

    def save(self, name: str, data: bytes) -> None:
        if self.full:
            raise OSError(28)
        self.files[name] = data
