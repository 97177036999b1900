"""What would be best until tomorrow."""
