"""Tests of the suite itself; they need no server."""
