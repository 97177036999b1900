"""Images for the boards: MicroPython with our firmware frozen in, built once for each content."""
