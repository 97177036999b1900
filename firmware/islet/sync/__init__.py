"""Reports out, leased commands in."""
