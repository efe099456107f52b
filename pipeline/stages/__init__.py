"""The six stages from export to report. Each is files in, files out, and knows nothing of the next."""
