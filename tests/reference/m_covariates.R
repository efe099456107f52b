source("_common.R")
# Observed covariates: fixed at the sample (maximum likelihood) or estimated (least squares), one or two groups, missing
d <- HolzingerSwineford1939; z <- read.csv("data/HS_mcar_reg.csv"); T <- read.csv("data/Tal_Or.csv")
m <- list(latent = 'visual =~ x1 + x2 + x3
speed =~ x7 + x8 + x9
speed ~ visual + ageyr + sex
visual ~ ageyr', mediation = 'reaction ~ b*pmi + cp*cond + age
pmi ~ a*cond + age
ind := a*b', path = 'x4 ~ x5 + x6 + ageyr
x1 ~ x4 + ageyr
x2 ~ x4')
data <- list(latent = d, mediation = T, path = d)
ref <- function(fit, syntax) lavref(fit, syntax, resid = FALSE)[c("syntax", "options", "parameters", "standardized", "fit")]
out <- list()
for (e in c("ML","MLR","MLM","MLMV","GLS","WLS","ULS","ULSM")) for (k in names(m))
  out[[paste(k, e, sep = "_")]] <- ref(sem(m[[k]], data[[k]], estimator = e), m[[k]])
for (e in c("ML","MLR","MLM")) for (k in c("latent","path"))
  out[[paste(k, e, "groups", sep = "_")]] <- ref(sem(m[[k]], d, estimator = e, group = "school", group.equal = c("loadings","regressions")), m[[k]])
for (e in c("ML","MLR")) {
  out[[paste("latent", e, "fiml", sep = "_")]] <- ref(sem(m$latent, z, estimator = e, missing = "fiml"), m$latent)
  out[[paste("latent", e, "fiml_groups", sep = "_")]] <- ref(sem(m$latent, z, estimator = e, missing = "fiml", group = "school", group.equal = "loadings"), m$latent) }
out$latent_ML_means <- ref(sem(m$latent, d, meanstructure = TRUE), m$latent)
out$latent_ML_observed <- ref(sem(m$latent, d, information = "observed"), m$latent)
out$latent_MLR_free <- ref(sem(m$latent, d, fixed.x = FALSE, estimator = "MLR"), m$latent)
write_ref("m_covariates", out, "lavaan")
