"""The loss functions: pure functions of one picture's features."""
