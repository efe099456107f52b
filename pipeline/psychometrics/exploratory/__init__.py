"""How many dimensions items have and which items belong to which: exploratory factor analysis."""

from pipeline.psychometrics.exploratory.adequacy import SamplingAdequacy, Sphericity, bartlett, kmo
from pipeline.psychometrics.exploratory.congruence_coefficient import Congruence, congruence
from pipeline.psychometrics.exploratory.factor_analysis import FactorAnalysis, efa
from pipeline.psychometrics.exploratory.factor_fit import FactorFit
from pipeline.psychometrics.exploratory.parallel import ParallelAnalysis, parallel_analysis
from pipeline.psychometrics.exploratory.rotation import RotationOptions
from pipeline.psychometrics.exploratory.schmid_leiman import SchmidLeiman, schmid_leiman
from pipeline.psychometrics.exploratory.scores import FactorScores, factor_scores
from pipeline.psychometrics.exploratory.scree import Scree, scree
from pipeline.psychometrics.exploratory.velicer import MinimumAveragePartial, map_test

__all__ = [
    "Congruence",
    "FactorAnalysis",
    "FactorFit",
    "FactorScores",
    "MinimumAveragePartial",
    "ParallelAnalysis",
    "RotationOptions",
    "SamplingAdequacy",
    "SchmidLeiman",
    "Scree",
    "Sphericity",
    "bartlett",
    "congruence",
    "efa",
    "factor_scores",
    "kmo",
    "map_test",
    "parallel_analysis",
    "schmid_leiman",
    "scree",
]
