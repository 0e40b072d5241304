"""The feature network and its weights."""
