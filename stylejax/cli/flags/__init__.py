"""What each command takes. Nothing here imports JAX: help, completion and mistakes come at once."""
