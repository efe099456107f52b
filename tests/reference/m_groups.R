source("_common.R")
# Two groups under every estimator; weights and clusters in groups; equality under std.lv
d <- read.csv("data/HolzingerSwineford1939_weights.csv")
m <- 'visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
textual ~ visual'
ref <- function(...) lavref(cfa(m, d, ...), m, resid = FALSE, rsq = FALSE)[c("syntax", "options", "parameters", "standardized", "fit")]
two <- c("loadings", "intercepts")
out <- list()
for (e in c("GLS","WLS","ULS","ULSM","MLM","MLMV","MLMVS","MLF")) out[[e]] <- ref(estimator = e, group = "school", group.equal = two)
out$weights <- ref(estimator = "MLR", sampling.weights = "w", group = "school", group.equal = "loadings")
out$clusters <- ref(estimator = "MLR", cluster = "agemo", group = "school", group.equal = "loadings")
out$clusters_alone <- ref(estimator = "MLR", cluster = "agemo")
out$wishart <- ref(likelihood = "wishart", group = "school")
out$std_lv_variances <- ref(std.lv = TRUE, group = "school", group.equal = c(two, "lv.variances"))
out$std_lv_regressions <- ref(std.lv = TRUE, group = "school", group.equal = c("loadings", "regressions", "residual.covariances", "residuals"))
write_ref("m_groups", out, "lavaan")
