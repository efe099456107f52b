# Times lavaan: Rscript lavaan.R MODEL DATA REPETITIONS ESTIMATOR MISSING DRAWS; prints the median of seconds a run.
suppressMessages(library(lavaan)); a <- commandArgs(TRUE)
model <- readChar(a[1], 1e6); data <- read.csv(a[2]); draws <- as.integer(a[6])
cut <- if (a[4] == "WLSMV") names(data) else NULL
fit <- function(...) suppressWarnings(sem(model, data, estimator = a[4], missing = a[5], ordered = cut, ...))
f <- fit(); invisible(fitMeasures(f)); whole <- function() { f <- fit(); fitMeasures(f); parameterEstimates(f, standardized = TRUE) }
resample <- function() { f <- fit(se = "none", test = "none"); suppressWarnings(bootstrapLavaan(f, R = draws, parallel = "multicore", ncpus = 2L, iseed = 1)) }
work <- if (draws > 0) resample else whole
cat(median(replicate(as.integer(a[3]), system.time(work())[["elapsed"]])), "\n")
