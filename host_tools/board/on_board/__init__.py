"""What runs on the board itself, sent over its console."""
