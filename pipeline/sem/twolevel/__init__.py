"""Two-level models: people within clusters, a structure at each level; sem.fit calls this room.

Every variable measured on people is the sum of a between part, shared by its cluster, and a within part
(Muthen, 1989, 1994). Within and between covariances each follow a model of their own.
"""

from __future__ import annotations
