"""How declarations are read: YAML with positions, and every mistake told at once in plain language.

`instrument`, `study` and `adaptation` read their files through here; stages, plan and the command line
raise and print `StudyError`. Nothing in a file is evaluated, and no other room of ours is imported.
"""

from pipeline.declaration.document import Document, Node, Place, read
from pipeline.declaration.models import Rule, declared, schema_text
from pipeline.declaration.problems import Problem, StudyError, did_you_mean, in_order

__all__ = [
    "Document",
    "Node",
    "Place",
    "Problem",
    "Rule",
    "StudyError",
    "declared",
    "did_you_mean",
    "in_order",
    "read",
    "schema_text",
]
