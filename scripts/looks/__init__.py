"""Measures of style and content of a result, computed with a network that did not produce it."""
