"""Keys and settings for nodes."""
