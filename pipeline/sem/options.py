"""The estimators by name: which discrepancy, which errors, which test (lavaan's estimator= shortcuts)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.sem.errors import ModelError


@dataclass(frozen=True)
class Method:
    """How a model is estimated and its errors are computed.

    `bread` is the observed information inside the scaled test: the Hessian, or without the second
    derivatives of the moments ('h1'), which lavaan takes for cluster= under its default estimator.
    """

    name: str
    discrepancy: str = "ML"
    errors: str = "standard"
    test: str = "standard"
    information: str = "expected"
    likelihood: str = "normal"
    missing: str = "listwise"
    bread: str = "hessian"
    ordinal: bool = False

    @property
    def robust(self) -> bool:
        """Whether a scaled test stands beside the plain one."""
        return self.test != "standard"

    @property
    def unbiased(self) -> bool:
        """Whether covariances are divided by n - 1."""
        return self.discrepancy != "ML" or self.likelihood == "wishart"


METHODS = {
    "ML": Method("ML"),
    "MLM": Method("MLM", "ML", "robust.sem", "satorra.bentler"),
    "MLMV": Method("MLMV", "ML", "robust.sem", "scaled.shifted"),
    "MLMVS": Method("MLMVS", "ML", "robust.sem", "mean.var.adjusted"),
    "MLR": Method("MLR", "ML", "robust.huber.white", "yuan.bentler.mplus", "observed"),
    "MLF": Method("MLF", "ML", information="first.order"),
    "GLS": Method("GLS", "GLS"),
    "ULS": Method("ULS", "ULS"),
    "ULSM": Method("ULSM", "ULS", "robust.sem", "satorra.bentler"),
    "ULSMV": Method("ULSMV", "ULS", "robust.sem", "scaled.shifted"),
    "WLS": Method("WLS", "WLS"),
    "DWLS": Method("DWLS", "DWLS"),
}
ORDINAL = {
    "WLSMV": Method("WLSMV", "DWLS", "robust.sem", "scaled.shifted"),
    "WLSM": Method("WLSM", "DWLS", "robust.sem", "satorra.bentler"),
    "WLSMVS": Method("WLSMVS", "DWLS", "robust.sem", "mean.var.adjusted"),
    "DWLS": Method("DWLS", "DWLS"),
    "ULSMV": Method("ULSMV", "ULS", "robust.sem", "scaled.shifted"),
    "ULSM": Method("ULSM", "ULS", "robust.sem", "satorra.bentler"),
    "ULSMVS": Method("ULSMVS", "ULS", "robust.sem", "mean.var.adjusted"),
    "ULS": Method("ULS", "ULS"),
    "WLS": Method("WLS", "WLS"),
}
INFORMATION = ("expected", "observed", "first.order")


def choose(
    estimator: str,
    *,
    missing: str,
    likelihood: str,
    information: str | None,
    weighted: bool,
    clustered: bool,
) -> Method:
    """Return the method that the options of sem.fit ask for; say which options do not go together."""
    name = estimator.upper()
    if name == "WLSMV":
        raise ModelError("WLSMV is for ordered items; name them in ordered=, or use MLR for continuous ones")
    if name not in METHODS:
        raise ModelError(f"estimator '{estimator}' is not known; choose one of {', '.join(METHODS)}")
    method = METHODS[name]
    _check(method, missing, likelihood, information)
    method = replace(
        method, missing=missing, likelihood=likelihood if method.discrepancy == "ML" else "default"
    )
    if (weighted or clustered) and method.errors == "standard":
        if method.discrepancy != "ML":
            raise ModelError(
                f"sampling weights and clusters need estimator='MLR'; {name} has no sandwich errors"
            )
        bread = "h1" if clustered else "hessian"
        method = replace(METHODS["MLR"], missing=missing, likelihood=likelihood, bread=bread)
    if (weighted or clustered) and method.errors != "robust.huber.white":
        raise ModelError(f"sampling weights and clusters need estimator='MLR', not {name}")
    if missing == "fiml" and information is None and method.information == "expected":
        method = replace(method, information="observed")
    return replace(method, information=information) if information else method


def choose_ordinal(estimator: str, missing: str, information: str | None) -> Method:
    """Return the method of a model with ordered items; ML, the default of sem.fit, stands for WLSMV."""
    name = "WLSMV" if estimator.upper() == "ML" else estimator.upper()
    if name not in ORDINAL:
        raise ModelError(
            f"estimator '{estimator}' is not for ordered items; choose one of {', '.join(ORDINAL)}"
        )
    if missing not in {"listwise", "pairwise"}:
        raise ModelError(f"missing='{missing}' is not for ordered items; choose 'listwise' or 'pairwise'")
    if information not in {None, "expected"}:
        raise ModelError(
            f"information='{information}' needs a likelihood; ordered items have 'expected' only"
        )
    return replace(ORDINAL[name], missing=missing, ordinal=True, likelihood="default")


def _check(method: Method, missing: str, likelihood: str, information: str | None) -> None:
    if missing not in {"listwise", "fiml"}:
        raise ModelError(
            f"missing='{missing}' is not known for continuous variables; choose 'listwise' or 'fiml'"
        )
    if likelihood not in {"normal", "wishart"}:
        raise ModelError(f"likelihood='{likelihood}' is not known; choose 'normal' (N) or 'wishart' (N - 1)")
    if information is not None and information not in INFORMATION:
        raise ModelError(f"information='{information}' is not known; choose one of {', '.join(INFORMATION)}")
    if missing == "fiml" and (
        method.discrepancy != "ML" or method.errors == "robust.sem" or likelihood == "wishart"
    ):
        raise ModelError("missing='fiml' is full-information maximum likelihood: use estimator='ML' or 'MLR'")
