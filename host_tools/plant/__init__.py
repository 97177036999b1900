"""The physics of the buildings in virtual time."""
