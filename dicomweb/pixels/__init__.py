"""Images: stored frames to arrays, to other transfer syntaxes, and to what a person sees.

Nothing is imported here: NumPy and the codecs load with the first picture. `image` describes the
pixels, `decode` gives them, `colour` makes them RGB, `targets` says in which other transfer
syntaxes they can be given, and `transcode` gives them so.
"""
