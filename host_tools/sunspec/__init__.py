"""SunSpec on the host: the tables of the board, and comparisons with pysunspec2."""
