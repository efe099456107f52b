# Path models of latent variables behind items: at both levels (loadings equal across them), and at one.
# `A`, `B`, `C` (`AW`, `AB`, ...) are slopes in the unit of the items' mean: each slope times the mean loading of the outcome over that of
# the predictor (Little, Slegers & Card, 2006).
# Base R writes the JSON, 17 significant digits. Run from this folder.
suppressMessages(library(lavaan))
txt <- function(x) paste0('"', gsub("\n", "\\\\n", gsub('"', '\\\\"', x)), '"')
js <- function(x) { if (is.null(x) || length(x) == 0) return("null")
  if (is.data.frame(x)) return(paste0("[", paste(sapply(seq_len(nrow(x)), function(i) js(as.list(x[i, ]))), collapse = ",\n"), "]"))
  if (is.list(x)) return(paste0("{", paste(paste0(txt(names(x)), ": ", sapply(x, js)), collapse = ",\n"), "}"))
  one <- function(v) if (is.na(v)) "null" else if (is.character(v)) txt(v) else if (is.logical(v)) tolower(as.character(v)) else sprintf("%.17g", v)
  if (length(x) == 1) one(x) else paste0("[", paste(sapply(x, one), collapse = ", "), "]") }
plain <- function(z) { z <- as.data.frame(z); for (i in seq_along(z)) z[[i]] <- unclass(z[[i]]); z }
q <- read.csv("data/lq2002.csv"); h <- HolzingerSwineford1939; z <- read.csv("data/HS_mcar10.csv")
by <- function(f, items, l) paste0(f, " =~ ", items[1], " + ", paste0(l, 2:length(items), "*", items[-1], collapse = " + "))
mean_of <- function(l, k) paste0("((1 + ", paste0(l, 2:k, collapse = " + "), ")/", k, ")")
unit <- function(name, slope, y, x) paste0(name, " := ", slope, "*", y, "/", x)
L <- sprintf("LEAD%02d", 1:11); T <- sprintf("TSIG%02d", 1:3); H <- sprintf("HOSTIL%02d", 1:5)
level <- function(k, s) paste(c(paste0("level: ", k), by(paste0("L", s), L, "l"), by(paste0("T", s), T, "t"), by(paste0("H", s), H, "h"),
  paste0("T", s, " ~ a", s, "*L", s), paste0("H", s, " ~ b", s, "*T", s, " + c", s, "*L", s)), collapse = "\n")
ml <- mean_of("l", 11); mt <- mean_of("t", 3); mh <- mean_of("h", 5)
army <- paste(c(level(1, "W"), level(2, "B"),
  unlist(lapply(c("W", "B"), function(s) c(unit(paste0("A", s), paste0("a", s), mt, ml), unit(paste0("B", s), paste0("b", s), mh, mt), unit(paste0("C", s), paste0("c", s), mh, ml))))), collapse = "\n")
school <- paste(c(by("V", paste0("x", 1:3), "v"), by("T", paste0("x", 4:6), "t"), by("S", paste0("x", 7:9), "s"), "T ~ a*V", "S ~ b*T + c*V",
  unit("A", "a", mean_of("t", 3), mean_of("v", 3)), unit("B", "b", mean_of("s", 3), mean_of("t", 3)), unit("C", "c", mean_of("s", 3), mean_of("v", 3))), collapse = "\n")
used <- function(d, ops) { d <- plain(d); d[d$op %in% ops, ] }
ref <- function(fit, m) list(syntax = m, converged = lavInspect(fit, "converged"), nobs = sum(lavInspect(fit, "nobs")), npar = lavInspect(fit, "npar"),
  parameters = used(parameterEstimates(fit), c("~", ":=")), standardized = used(standardizedSolution(fit), "~"), fit = as.list(unclass(fitMeasures(fit))),
  rsquare = lapply(if (is.list(lavInspect(fit, "rsquare"))) lavInspect(fit, "rsquare") else list(all = lavInspect(fit, "rsquare")), function(v) as.list(unclass(v))))
out <- list(meta = list(R = R.version.string, lavaan = as.character(packageVersion("lavaan")), script = "o_latent_paths.R"),
  school = ref(sem(school, h, estimator = "MLR", meanstructure = TRUE), school), school_fiml = ref(sem(school, z, estimator = "MLR", missing = "fiml"), school),
  army = suppressWarnings(ref(sem(army, q, cluster = "COMPID", estimator = "MLR"), army)))
writeLines(js(out), "o_latent_paths.json")
