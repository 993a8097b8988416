"""What is not a single image: reports, documents, waveforms, contours, segments, key objects.

Nothing is imported here. `kinds` says what an instance can be given as, and costs nothing;
`rendering` gives it.
"""
