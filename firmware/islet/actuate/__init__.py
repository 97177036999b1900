"""The one door to outputs."""
