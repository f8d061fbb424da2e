"""The reports: one module each, found by its file name."""
