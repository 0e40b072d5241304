"""From pictures and settings to paintings."""
