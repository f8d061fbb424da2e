"""Runs: a notebook and a case become a page, a record and, if complete and good, the latest of the case."""
