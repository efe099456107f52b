# Times lavaan: Rscript lavaan.R MODEL DATA REPETITIONS ESTIMATOR MISSING DRAWS CORES CLUSTER TEST; prints the median of
# seconds a run. DRAWS 0: a fit; CLUSTER "": one level; TEST FALSE: estimates and errors only.
suppressMessages(library(lavaan)); a <- commandArgs(TRUE)
model <- readChar(a[1], 1e6); data <- read.csv(a[2]); draws <- as.integer(a[6]); test <- a[9] == "TRUE"
cluster <- if (a[8] == "-") NULL else a[8]
cut <- if (a[4] == "WLSMV") names(data) else NULL
fit <- function(...) suppressWarnings(sem(model, data, estimator = a[4], missing = a[5], cluster = cluster, ordered = cut, ...))
tested <- function() { f <- fit(); fitMeasures(f); parameterEstimates(f, standardized = TRUE) }
errors <- function() vcov(fit(test = "none", h1 = FALSE, baseline = FALSE))
resample <- function() { f <- fit(se = "none", test = "none"); suppressWarnings(bootstrapLavaan(f, R = draws, iseed = 1,
  parallel = if (a[7] == "1") "no" else "multicore", ncpus = as.integer(a[7]))) }
work <- if (draws > 0) resample else if (test) tested else errors
if (is.null(cluster) && draws == 0) invisible(work())
cat(median(replicate(as.integer(a[3]), system.time(work())[["elapsed"]])), "\n")
