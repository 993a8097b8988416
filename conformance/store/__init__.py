"""STOW-RS, PS3.18 10.5."""
