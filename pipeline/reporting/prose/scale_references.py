"""Literature on scale validation that the report may cite, in APA style.

`references` lists what a report does cite.
"""

from __future__ import annotations

VALIDATION = {
    "Anderson & Gerbing, 1988": (
        "Anderson, J. C., & Gerbing, D. W. (1988). Structural equation modeling in practice: A review and "
        "recommended two-step approach. *Psychological Bulletin, 103*(3), 411–423."
    ),
    "Brown & Hauenstein, 2005": (
        "Brown, R. D., & Hauenstein, N. M. A. (2005). Interrater agreement reconsidered: An alternative to "
        "the *r*~wg~ indices. *Organizational Research Methods, 8*(2), 165–184."
    ),
    "Burke et al., 1999": (
        "Burke, M. J., Finkelstein, L. M., & Dusig, M. S. (1999). On average deviation indices for "
        "estimating interrater agreement. *Organizational Research Methods, 2*(1), 49–68."
    ),
    "Chen, 2007": (
        "Chen, F. F. (2007). Sensitivity of goodness of fit indexes to lack of measurement invariance. "
        "*Structural Equation Modeling, 14*(3), 464–504."
    ),
    "Cheung & Rensvold, 2002": (
        "Cheung, G. W., & Rensvold, R. B. (2002). Evaluating goodness-of-fit indexes for testing measurement "
        "invariance. *Structural Equation Modeling, 9*(2), 233–255."
    ),
    "Curran, 2016": (
        "Curran, P. G. (2016). Methods for the detection of carelessly invalid responses in survey data. "
        "*Journal of Experimental Social Psychology, 66*, 4–19."
    ),
    "Flora, 2020": (
        "Flora, D. B. (2020). Your coefficient alpha is probably wrong, but which coefficient omega is "
        "right? A tutorial on using R to obtain better reliability estimates. *Advances in Methods and "
        "Practices in Psychological Science, 3*(4), 484–501."
    ),
    "Fornell & Larcker, 1981": (
        "Fornell, C., & Larcker, D. F. (1981). Evaluating structural equation models with unobservable "
        "variables and measurement error. *Journal of Marketing Research, 18*(1), 39–50."
    ),
    "Geldhof et al., 2014": (
        "Geldhof, G. J., Preacher, K. J., & Zyphur, M. J. (2014). Reliability estimation in a multilevel "
        "confirmatory factor analysis framework. *Psychological Methods, 19*(1), 72–91."
    ),
    "Glorfeld, 1995": (
        "Glorfeld, L. W. (1995). An improvement on Horn’s parallel analysis methodology for selecting the "
        "correct number of factors to retain. *Educational and Psychological Measurement, 55*(3), 377–393."
    ),
    "Green & Yang, 2009": (
        "Green, S. B., & Yang, Y. (2009). Reliability of summed item scores using structural equation "
        "modeling: An alternative to coefficient alpha. *Psychometrika, 74*(1), 155–167."
    ),
    "Henseler et al., 2015": (
        "Henseler, J., Ringle, C. M., & Sarstedt, M. (2015). A new criterion for assessing discriminant "
        "validity in variance-based structural equation modeling. *Journal of the Academy of Marketing "
        "Science, 43*(1), 115–135."
    ),
    "Horn, 1965": (
        "Horn, J. L. (1965). A rationale and test for the number of factors in factor analysis. "
        "*Psychometrika, 30*(2), 179–185."
    ),
    "James et al., 1984": (
        "James, L. R., Demaree, R. G., & Wolf, G. (1984). Estimating within-group interrater reliability "
        "with and without response bias. *Journal of Applied Psychology, 69*(1), 85–98."
    ),
    "Kaiser, 1974": "Kaiser, H. F. (1974). An index of factorial simplicity. *Psychometrika, 39*(1), 31–36.",
    "Lindell et al., 1999": (
        "Lindell, M. K., Brandt, C. J., & Whitney, D. J. (1999). A revised index of interrater agreement for "
        "multi-item ratings of a single target. *Applied Psychological Measurement, 23*(2), 127–135."
    ),
    "Little, 1988": (
        "Little, R. J. A. (1988). A test of missing completely at random for multivariate data with missing "
        "values. *Journal of the American Statistical Association, 83*(404), 1198–1202."
    ),
    "McDonald, 1999": "McDonald, R. P. (1999). *Test theory: A unified treatment*. Erlbaum.",
    "Meade & Craig, 2012": (
        "Meade, A. W., & Craig, S. B. (2012). Identifying careless responses in survey data. *Psychological "
        "Methods, 17*(3), 437–455."
    ),
    "Podsakoff et al., 2003": (
        "Podsakoff, P. M., MacKenzie, S. B., Lee, J.-Y., & Podsakoff, N. P. (2003). Common method biases in "
        "behavioral research: A critical review of the literature and recommended remedies. *Journal of "
        "Applied Psychology, 88*(5), 879–903."
    ),
    "Roemer et al., 2021": (
        "Roemer, E., Schuberth, F., & Henseler, J. (2021). HTMT2: An improved criterion for assessing "
        "discriminant validity in structural equation modeling. *Industrial Management & Data Systems, "
        "121*(12), 2637–2650."
    ),
    "Rubin, 1976": "Rubin, D. B. (1976). Inference and missing data. *Biometrika, 63*(3), 581–592.",
    "Satorra & Bentler, 2001": (
        "Satorra, A., & Bentler, P. M. (2001). A scaled difference chi-square test statistic for moment "
        "structure analysis. *Psychometrika, 66*(4), 507–514."
    ),
    "Velicer, 1976": (
        "Velicer, W. F. (1976). Determining the number of components from the matrix of partial "
        "correlations. *Psychometrika, 41*(3), 321–327."
    ),
    "Williams et al., 2010": (
        "Williams, L. J., Hartman, N., & Cavazotte, F. (2010). Method variance and marker variables: A "
        "review and comprehensive CFA marker technique. *Organizational Research Methods, 13*(3), 477–514."
    ),
    "Wu & Estabrook, 2016": (
        "Wu, H., & Estabrook, R. (2016). Identification of confirmatory factor analysis models of different "
        "levels of invariance for ordered categorical outcomes. *Psychometrika, 81*(4), 1014–1045."
    ),
}
