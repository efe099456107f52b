"""Laying out results: tables, figures, diagram and the three writers. No statistics happen here."""
