"""Bytes on a bus to SI units."""
