"""Benchmarks against Debian's Orthanc and nginx (`make bench`): programmes, not timed tests."""
