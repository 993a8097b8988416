"""The very requests of viewers, libraries and browsers."""
