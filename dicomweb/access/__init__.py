"""Who may: principals, permissions, and the middleware that puts one in front of the other."""
