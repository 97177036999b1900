"""Devices that SunSpec does not cover, as data: the long form people review, the compact form the board gets."""
