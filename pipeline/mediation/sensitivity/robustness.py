"""How strong a confounder of one regression slope must be: partial R², robustness values, E-value.

`analysis` calls it for single-level paths. Numbers in, numbers out.
"""

from __future__ import annotations

from math import exp, sqrt


def partial_r2(t: float, freedom: float) -> float:
    """Share of the outcome's residual variance that a predictor explains: t² / (t² + df).

    Cinelli and Hazlett (2020): a confounder that explained all that is left of the outcome would have to
    explain at least this share of the predictor to bring the slope to zero.
    """
    return t**2 / (t**2 + freedom)


def robustness_value(t: float, freedom: float, q: float = 1.0, alpha: float | None = None) -> float:
    """Share of what is left of predictor and outcome that a confounder must explain, in both alike.

    It then takes away the share `q` of the slope; with `alpha`, so much that the slope less that share is no
    longer clear at that level. With f = q |t| / sqrt(df), less |t_crit| / sqrt(df - 1) where alpha is given,
        RV = (sqrt(f⁴ + 4 f²) - f²) / 2,
    zero where f is negative; where a confounder that leaves the predictor's variance as it is does more
    harm, RV_alpha = (f_q² - f_crit²) / (1 + f_q²) (Cinelli & Hazlett, 2020).
    """
    whole = q * abs(t) / sqrt(freedom)
    critical = _critical(freedom, alpha)
    f = whole - critical
    if f <= 0:
        return 0.0
    if critical > 0 and whole > 1 / critical:
        return (whole**2 - critical**2) / (1 + whole**2)
    return (sqrt(f**4 + 4 * f**2) - f**2) / 2


def e_value(d: float) -> float:
    """Smallest risk ratio of a confounder with predictor and outcome that explains a difference away.

    `d` is a standardized mean difference; RR = exp(.91 |d|), E = RR + sqrt(RR (RR - 1)) (VanderWeele & Ding,
    2017). For a slope, d is that of two units one standard deviation of the predictor apart.
    """
    ratio = exp(0.91 * abs(d))
    return ratio + sqrt(ratio * (ratio - 1))


def _critical(freedom: float, alpha: float | None) -> float:
    if alpha is None:
        return 0.0
    from scipy.stats import t

    return float(abs(t.ppf(alpha / 2, freedom - 1)) / sqrt(freedom - 1))
