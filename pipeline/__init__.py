"""A staged pipeline from survey exports to a multilevel mediation report."""

__version__ = "0.1.0"
