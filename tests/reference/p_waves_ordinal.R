source("_common.R")
# Ordered answers over two waves: u1 to u4 of datCat as the first, u5 to u8 as the second (Wu & Estabrook, 2016)
d <- read.csv("data/datCat.csv")
w <- list(paste0("u", 1:4), paste0("u", 5:8))
model <- function(thr, load, int, res) {
  out <- c("w1 ~~ 1*w1", "w1 ~ 0*1", paste0("w2 ~~ ", if (load) "NA" else "1", "*w2"), paste0("w2 ~ ", if (int) "NA" else "0", "*1"))
  for (i in 1:4) { out <- c(out, paste(w[[1]][i], "~~", w[[2]][i]))
    for (k in 1:2) { u <- w[[k]][i]; tag <- function(tied) if (tied) "" else paste0("_", k)
      out <- c(out, paste0("w", k, " =~ NA*", u, " + l", i, tag(load), "*", u),
        paste0(u, " | t", i, "_", 1:4, tag(thr), "*t", 1:4),
        paste0(u, " ~ ", if (k == 2 && thr && !int) "NA" else "0", "*1"),
        paste0(u, if (res) " ~~ " else " ~*~ ", if (k == 2 && thr && !res) "NA" else "1", "*", u)) } }
  out }
steps <- list(configural = c(F,F,F,F), thresholds = c(T,F,F,F), loadings = c(T,T,F,F), intercepts = c(T,T,T,F), residuals = c(T,T,T,T))
fit <- function(s) cfa(model(s[1], s[2], s[3], s[4]), d, ordered = unlist(w), parameterization = if (s[4]) "theta" else "delta")
fits <- lapply(steps, fit)
fm <- c("chisq", "df", "chisq.scaled", "cfi.scaled", "rmsea.scaled", "cfi.robust", "rmsea.robust", "srmr")
out <- list(fits = lapply(fits, function(f) as.list(fitMeasures(f, fm))),
  lrt = df(do.call(lavTestLRT, unname(fits[1:4]))))
write_ref("p_waves_ordinal", out, "lavaan")
