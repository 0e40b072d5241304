"""The flags of each command. Nothing here imports JAX, so that help, completion and error messages are immediate."""
