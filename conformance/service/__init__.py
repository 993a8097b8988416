"""What holds for the whole service: status codes, capabilities, HTTP, deletion."""
