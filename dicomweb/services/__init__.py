"""What PS3.18 says, one file a service: the docstring is the chapter, the route table its end."""
