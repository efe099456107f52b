"""Model syntax (lavaan's language): text in, statements with their places out."""

from __future__ import annotations

from pipeline.sem.syntax.parser import parse
from pipeline.sem.syntax.tree import Block, Constraint, Definition, Formula, Model, Modifier, Term

__all__ = ["Block", "Constraint", "Definition", "Formula", "Model", "Modifier", "Term", "parse"]
