"""The code that knows a chip, and nothing else does."""
