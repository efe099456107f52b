# Two-level fits that c_twolevel.R leaves out: fixed.x = FALSE beside lavaan's default, the saturated model run further
# (its EM stops .08 to .1 log-likelihood units early where the between matrix is singular: tolerance 1e-4 is written into lavaan's
# code, so it is replaced here by 3e-6), two groups. Estimates are run further too (nlminb's tolerances).
# Base R writes the JSON, 17 significant digits. Run from this folder.
suppressMessages(library(lavaan))
em <- lavaan:::lav_mvnorm_cluster_em_sat
assignInNamespace("lav_mvnorm_cluster_em_sat", function(..., tol, max.iter) em(..., tol = 3e-6, max.iter = 500000L), "lavaan")
d <- read.csv("data/Demo_twolevel.csv"); q <- read.csv("data/lq2002.csv"); p <- read.csv("data/lq2002_parcels.csv")
txt <- function(x) paste0('"', gsub("\n", "\\\\n", gsub('"', '\\\\"', x)), '"')
js <- function(x) { if (is.null(x) || length(x) == 0) return("null")
  if (is.data.frame(x)) return(paste0("[", paste(sapply(seq_len(nrow(x)), function(i) js(as.list(x[i, ]))), collapse = ",\n"), "]"))
  if (is.list(x)) return(paste0("{", paste(paste0(txt(names(x)), ": ", sapply(x, js)), collapse = ",\n"), "}"))
  one <- function(v) if (is.na(v)) "null" else if (is.character(v)) txt(v) else if (is.logical(v)) tolower(as.character(v)) else sprintf("%.17g", v)
  if (length(x) == 1) one(x) else paste0("[", paste(sapply(x, one), collapse = ", "), "]") }
plain <- function(z) { z <- as.data.frame(z); for (i in seq_along(z)) z[[i]] <- unclass(z[[i]]); z }
dict <- function(x) if (is.list(x)) lapply(x, function(z) as.list(unclass(z))) else as.list(unclass(x))
lev <- function(fit, m) list(syntax = m, converged = lavInspect(fit, "converged"), nobs = sum(lavInspect(fit, "nobs")), npar = lavInspect(fit, "npar"), loglik = as.numeric(logLik(fit)),
  parameters = plain(parameterEstimates(fit, remove.nonfree = FALSE)), standardized = plain(standardizedSolution(fit)), fit = as.list(unclass(fitMeasures(fit))))
M <- list(tutorial = "level: 1\n  fw =~ y1 + y2 + y3\n  fw ~ x1 + x2 + x3\nlevel: 2\n  fb =~ y1 + y2 + y3\n  fb ~ w1 + w2", uvn = "level: 1\n  y1 ~ x1 + x2\nlevel: 2\n  y1 ~ w1",
  m211 = "level: 1\n  y3 ~ bw*y2\nlevel: 2\n  y2 ~ ab*w1\n  y3 ~ bb*y2 + cb*w1\n  indb := ab*bb\n  totb := cb + ab*bb", m221 = "level: 1\n  y3 ~ y1\nlevel: 2\n  w2 ~ a*w1\n  y3 ~ b*w2 + c*w1\n  indb := a*b",
  m212 = "level: 1\n  y2 ~~ y2\nlevel: 2\n  y2 ~ a*w1\n  w2 ~ b*y2 + c*w1\n  indb := a*b")
Q <- list(lq_m111 = "level: 1\n  TSIG ~ aw*LEAD\n  HOSTILE ~ bw*TSIG + cw*LEAD\nlevel: 2\n  TSIG ~ ab*LEAD\n  HOSTILE ~ bb*TSIG + cb*LEAD\n  indw := aw*bw\n  indb := ab*bb\n  diff := ab*bb - aw*bw",
  lq_m211 = "level: 1\n  HOSTILE ~ bw*TSIG\nlevel: 2\n  TSIG ~ ab*GLEAD\n  HOSTILE ~ bb*TSIG + cb*GLEAD\n  indb := ab*bb\n  totb := cb + ab*bb", lq_m221 = "level: 1\n  HOSTILE ~~ HOSTILE\nlevel: 2\n  GTSIG ~ a*GLEAD\n  HOSTILE ~ b*GTSIG + cp*GLEAD\n  indb := a*b",
  lq_lead_cfa = paste0("level: 1\n  LW =~ ", paste(sprintf("LEAD%02d", 1:11), collapse = " + "), "\nlevel: 2\n  LB =~ ", paste(sprintf("LEAD%02d", 1:11), collapse = " + ")),
  lq_tsig_hostil_cfa = "level: 1\n  TW =~ TSIG01 + TSIG02 + TSIG03\n  HW =~ HOSTIL01 + HOSTIL02 + HOSTIL03 + HOSTIL04 + HOSTIL05\nlevel: 2\n  TB =~ TSIG01 + TSIG02 + TSIG03\n  HB =~ HOSTIL01 + HOSTIL02 + HOSTIL03 + HOSTIL04 + HOSTIL05")
G <- "level: 1\n  fw1 =~ y1 + y2 + y3\n  fw2 =~ y4 + y5 + y6\nlevel: 2\n  fb1 =~ y1 + y2 + y3\n  fb2 =~ y4 + y5 + y6"
run <- function(key, m, data, cluster, ...) { one <- function(control) suppressWarnings(sem(m, data, cluster = cluster, fixed.x = FALSE, control = control, ...))
  f <- one(list(rel.tol = 1e-13)); if (!lavInspect(f, "converged")) f <- one(list()); cat(key, "\n"); lev(f, m) }
d$half <- ifelse(d$cluster <= 100, "first", "second"); out <- list(meta = list(R = R.version.string, lavaan = as.character(packageVersion("lavaan")), script = "c_twolevel_more.R"))
for (e in c("ML", "MLR")) { s <- if (e == "MLR") "_mlr" else ""
  for (k in names(M)) out[[paste0(k, s)]] <- run(k, M[[k]], d, "cluster", estimator = e)
  # lavaan wants the blocks of each group written out; `syntax` keeps the short form
  both <- function(m) paste0("group: first\n", m, "\ngroup: second\n", m)
  out[[paste0("two_groups", s)]] <- modifyList(run("two_groups", both(G), d, "cluster", group = "half", estimator = e), list(syntax = G))
  E <- "level: 1\n  fw1 =~ y1 + a2*y2 + a3*y3\n  fw2 =~ y4 + a5*y5 + a6*y6\nlevel: 2\n  fb1 =~ y1 + b2*y2 + b3*y3\n  fb2 =~ y4 + b5*y5 + b6*y6"
  out[[paste0("two_groups_loadings", s)]] <- modifyList(run("two_groups_loadings", both(E), d, "cluster", group = "half", estimator = e), list(syntax = G))
  for (k in if (e == "ML") names(Q) else c("lq_m111", "lq_m211", "lq_m221")) out[[paste0(k, s)]] <- run(k, Q[[k]], q, "COMPID", estimator = e) }
writeLines(js(out), "c_twolevel_more.json")
