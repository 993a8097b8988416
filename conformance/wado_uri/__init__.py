"""WADO-URI, PS3.18 9."""
