"""What the node believes and wants."""
