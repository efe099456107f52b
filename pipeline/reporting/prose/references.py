"""Methods literature that the report may cite: only what a report does cite is listed, in APA style."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.reporting import markup
from pipeline.reporting.record import Record

METHODS = {
    "Asparouhov & Muthén, 2010": (
        "Asparouhov, T., & Muthén, B. (2010). *Simple second order chi-square correction*. Mplus Technical "
        "Appendix."
    ),
    "Rhemtulla et al., 2012": (
        "Rhemtulla, M., Brosseau-Liard, P. É., & Savalei, V. (2012). When can categorical variables be "
        "treated as continuous? A comparison of robust continuous and categorical SEM estimation methods "
        "under suboptimal conditions. *Psychological Methods, 17*(3), 354–373. "
        "[https://doi.org/10.1037/a0029315](https://doi.org/10.1037/a0029315)"
    ),
    "Savalei, 2021": (
        "Savalei, V. (2021). Improving fit indices in structural equation modeling with categorical data. "
        "*Multivariate Behavioral Research, 56*(3), 390–407."
    ),
    "Xia & Yang, 2019": (
        "Xia, Y., & Yang, Y. (2019). RMSEA, CFI, and TLI in structural equation modeling with ordered "
        "categorical data: The story they tell depends on the estimation methods. *Behavior Research "
        "Methods, 51*(1), 409–428."
    ),
    "Bauer & Curran, 2005": (
        "Bauer, D. J., & Curran, P. J. (2005). Probing interactions in fixed and multilevel regression: "
        "Inferential and graphical techniques. *Multivariate Behavioral Research, 40*(3), 373–400."
    ),
    "Edwards & Parry, 1993": (
        "Edwards, J. R., & Parry, M. E. (1993). On the use of polynomial regression equations as an "
        "alternative to difference scores in organizational research. *Academy of Management Journal, "
        "36*(6), 1577–1613."
    ),
    "Hayes, 2015": (
        "Hayes, A. F. (2015). An index and test of linear moderated mediation. *Multivariate Behavioral "
        "Research, 50*(1), 1–22."
    ),
    "Nestler et al., 2019": (
        "Nestler, S., Humberg, S., & Schönbrodt, F. D. (2019). Response surface analysis with multilevel "
        "data: Illustration for the case of congruence hypotheses. *Psychological Methods, 24*(3), 291–308. "
        "[https://doi.org/10.1037/met0000199](https://doi.org/10.1037/met0000199)"
    ),
    "Seaman et al., 2012": (
        "Seaman, S. R., Bartlett, J. W., & White, I. R. (2012). Multiple imputation of missing covariates "
        "with non-linear effects and interactions: An evaluation of statistical methods. *BMC Medical "
        "Research Methodology, 12*, Article 46."
    ),
    "Shanock et al., 2010": (
        "Shanock, L. R., Baran, B. E., Gentry, W. A., Pattison, S. C., & Heggestad, E. D. (2010). Polynomial "
        "regression with response surface analysis: A powerful approach for examining moderation and "
        "overcoming limitations of difference scores. *Journal of Business and Psychology, 25*(4), 543–554."
    ),
    "Bliese, 2000": (
        "Bliese, P. D. (2000). Within-group agreement, non-independence, and reliability: Implications for "
        "data aggregation and analysis. In K. J. Klein & S. W. J. Kozlowski (Eds.), *Multilevel theory, "
        "research, and methods in organizations* (pp. 349–381). Jossey-Bass."
    ),
    "Cameron et al., 2008": (
        "Cameron, A. C., Gelbach, J. B., & Miller, D. L. (2008). Bootstrap-based improvements for inference "
        "with clustered errors. *Review of Economics and Statistics, 90*(3), 414–427. "
        "[https://doi.org/10.1162/rest.90.3.414](https://doi.org/10.1162/rest.90.3.414)"
    ),
    "Cinelli & Hazlett, 2020": (
        "Cinelli, C., & Hazlett, C. (2020). Making sense of sensitivity: Extending omitted variable bias. "
        "*Journal of the Royal Statistical Society: Series B, 82*(1), 39–67. "
        "[https://doi.org/10.1111/rssb.12348](https://doi.org/10.1111/rssb.12348)"
    ),
    "Cronbach, 1951": (
        "Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. *Psychometrika, "
        "16*(3), 297–334. [https://doi.org/10.1007/BF02310555](https://doi.org/10.1007/BF02310555)"
    ),
    "Brosseau-Liard & Savalei, 2014": (
        "Brosseau-Liard, P. E., & Savalei, V. (2014). Adjusting incremental fit indices for nonnormality. "
        "*Multivariate Behavioral Research, 49*(5), 460–470. "
        "[https://doi.org/10.1080/00273171.2014.933697](https://doi.org/10.1080/00273171.2014.933697)"
    ),
    "Feldt, 1965": (
        "Feldt, L. S. (1965). The approximate sampling distribution of Kuder-Richardson reliability "
        "coefficient twenty. *Psychometrika, 30*(3), 357–370. "
        "[https://doi.org/10.1007/BF02289499](https://doi.org/10.1007/BF02289499)"
    ),
    "Fritz & MacKinnon, 2007": (
        "Fritz, M. S., & MacKinnon, D. P. (2007). Required sample size to detect the mediated effect. "
        "*Psychological Science, 18*(3), 233–239. "
        "[https://doi.org/10.1111/j.1467-9280.2007.01882.x](https://doi.org/10.1111/j.1467-9280.2007.01882.x)"
    ),
    "Hayes, 2022": (
        "Hayes, A. F. (2022). *Introduction to mediation, moderation, and conditional process analysis: A "
        "regression-based approach* (3rd ed.). Guilford Press."
    ),
    "Hoenig & Heisey, 2001": (
        "Hoenig, J. M., & Heisey, D. M. (2001). The abuse of power: The pervasive fallacy of power "
        "calculations for data analysis. *The American Statistician, 55*(1), 19–24. "
        "[https://doi.org/10.1198/000313001300339897](https://doi.org/10.1198/000313001300339897)"
    ),
    "Imai et al., 2010": (
        "Imai, K., Keele, L., & Yamamoto, T. (2010). Identification, inference and sensitivity analysis for "
        "causal mediation effects. *Statistical Science, 25*(1), 51–71. "
        "[https://doi.org/10.1214/10-STS321](https://doi.org/10.1214/10-STS321)"
    ),
    "Little et al., 2006": (
        "Little, T. D., Slegers, D. W., & Card, N. A. (2006). A non-arbitrary method of identifying and "
        "scaling latent variables in SEM and MACS models. *Structural Equation Modeling, 13*(1), 59–72. "
        "[https://doi.org/10.1207/s15328007sem1301\\_3](https://doi.org/10.1207/s15328007sem1301_3)"
    ),
    "Lüdtke et al., 2008": (
        "Lüdtke, O., Marsh, H. W., Robitzsch, A., Trautwein, U., Asparouhov, T., & Muthén, B. (2008). The "
        "multilevel latent covariate model: A new, more reliable approach to group-level effects in "
        "contextual studies. *Psychological Methods, 13*(3), 203–229. "
        "[https://doi.org/10.1037/a0012869](https://doi.org/10.1037/a0012869)"
    ),
    "MacKinnon, 2008": "MacKinnon, D. P. (2008). *Introduction to statistical mediation analysis*. Erlbaum.",
    "MacKinnon et al., 2002": (
        "MacKinnon, D. P., Lockwood, C. M., Hoffman, J. M., West, S. G., & Sheets, V. (2002). A comparison "
        "of methods to test mediation and other intervening variable effects. *Psychological Methods, 7*(1), "
        "83–104. [https://doi.org/10.1037/1082-989X.7.1.83](https://doi.org/10.1037/1082-989X.7.1.83)"
    ),
    "MacKinnon et al., 2004": (
        "MacKinnon, D. P., Lockwood, C. M., & Williams, J. (2004). Confidence limits for the indirect "
        "effect: Distribution of the product and resampling methods. *Multivariate Behavioral Research, "
        "39*(1), 99–128. "
        "[https://doi.org/10.1207/s15327906mbr3901\\_4](https://doi.org/10.1207/s15327906mbr3901_4)"
    ),
    "Maxwell & Cole, 2007": (
        "Maxwell, S. E., & Cole, D. A. (2007). Bias in cross-sectional analyses of longitudinal mediation. "
        "*Psychological Methods, 12*(1), 23–44. "
        "[https://doi.org/10.1037/1082-989X.12.1.23](https://doi.org/10.1037/1082-989X.12.1.23)"
    ),
    "Mehta & Neale, 2005": (
        "Mehta, P. D., & Neale, M. C. (2005). People are variables too: Multilevel structural equations "
        "modeling. *Psychological Methods, 10*(3), 259–284. "
        "[https://doi.org/10.1037/1082-989X.10.3.259](https://doi.org/10.1037/1082-989X.10.3.259)"
    ),
    "Preacher & Hayes, 2008": (
        "Preacher, K. J., & Hayes, A. F. (2008). Asymptotic and resampling strategies for assessing and "
        "comparing indirect effects in multiple mediator models. *Behavior Research Methods, 40*(3), "
        "879–891. [https://doi.org/10.3758/BRM.40.3.879](https://doi.org/10.3758/BRM.40.3.879)"
    ),
    "Preacher et al., 2010": (
        "Preacher, K. J., Zyphur, M. J., & Zhang, Z. (2010). A general multilevel SEM framework for "
        "assessing multilevel mediation. *Psychological Methods, 15*(3), 209–233. "
        "[https://doi.org/10.1037/a0020141](https://doi.org/10.1037/a0020141)"
    ),
    "Raudenbush & Bryk, 2002": (
        "Raudenbush, S. W., & Bryk, A. S. (2002). *Hierarchical linear models: Applications and data "
        "analysis methods* (2nd ed.). Sage."
    ),
    "Rosseel, 2012": (
        "Rosseel, Y. (2012). lavaan: An R package for structural equation modeling. *Journal of Statistical "
        "Software, 48*(2), 1–36. [https://doi.org/10.18637/jss.v048.i02](https://doi.org/10.18637/jss.v048.i02)"
    ),
    "Ryu & West, 2009": (
        "Ryu, E., & West, S. G. (2009). Level-specific evaluation of model fit in multilevel structural "
        "equation modeling. *Structural Equation Modeling, 16*(4), 583–601. "
        "[https://doi.org/10.1080/10705510903203466](https://doi.org/10.1080/10705510903203466)"
    ),
    "VanderWeele & Ding, 2017": (
        "VanderWeele, T. J., & Ding, P. (2017). Sensitivity analysis in observational research: Introducing "
        "the *E*-value. *Annals of Internal Medicine, 167*(4), 268–274. "
        "[https://doi.org/10.7326/M16-2607](https://doi.org/10.7326/M16-2607)"
    ),
    "Yuan & Bentler, 2000": (
        "Yuan, K.-H., & Bentler, P. M. (2000). Three likelihood-based methods for mean and covariance "
        "structure analysis with nonnormal missing data. *Sociological Methodology, 30*(1), 165–200. "
        "[https://doi.org/10.1111/0081-1750.00078](https://doi.org/10.1111/0081-1750.00078)"
    ),
    "Yzerbyt et al., 2018": (
        "Yzerbyt, V., Muller, D., Batailler, C., & Judd, C. M. (2018). New recommendations for testing "
        "indirect effects in mediational models: The need to report and test component paths. *Journal of "
        "Personality and Social Psychology, 115*(6), 929–943. "
        "[https://doi.org/10.1037/pspa0000132](https://doi.org/10.1037/pspa0000132)"
    ),
    "Zhang et al., 2009": (
        "Zhang, Z., Zyphur, M. J., & Preacher, K. J. (2009). Testing multilevel mediation using hierarchical "
        "linear models: Problems and solutions. *Organizational Research Methods, 12*(4), 695–719. "
        "[https://doi.org/10.1177/1094428108327450](https://doi.org/10.1177/1094428108327450)"
    ),
}


def references(record: Record, texts: Iterable[str]) -> list[str]:
    """Methods literature that these texts cite; sources of instruments and published effects; by author."""
    everything = "\n".join(texts)
    methods = {entry for key, entry in METHODS.items() if _is_in(key, everything)}
    instruments = record.declared.get("instruments", {}).values()
    sources = {str((told.get("source") or {}).get("citation") or "") for told in instruments}
    rows = record.part("model", "power").get("rows") or ()
    sources |= {str(row["source"]) for row in rows if row["kind"] == "published"}
    return sorted(methods | {markup.literal(words) for words in sources if _is_reference(words)})


def in_text(citation: str) -> str:
    """A reference as the text cites it (`Bliese et al., 2002`); what is no reference stays as it is."""
    if not _is_reference(citation):
        return markup.literal(citation)
    authors, year = re.split(r"\s*\((?=\d{4})", citation, maxsplit=1)
    names = re.findall(r"([^,&]+),(?: ?[^\W\d_]\.-?)+", authors)
    if not names:
        return markup.literal(citation)
    cited = [name.strip(" ,&") for name in names]
    words = f"{cited[0]} et al." if len(cited) > 2 else " & ".join(cited)
    return markup.literal(f"{words}, {year[:4]}")


def _is_in(key: str, text: str) -> bool:
    author, _, year = key.rpartition(", ")
    return key in text or f"{author} ({year})" in text


def _is_reference(words: str) -> bool:
    """Whether a source is something published: an author, then a year."""
    return bool(re.match(r"[^()]+, [^()]+\(\d{4}[a-z]?\)", words))
