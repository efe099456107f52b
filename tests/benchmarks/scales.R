# Times the validation of scales: Rscript scales.R ladder MODEL DATA GROUP ESTIMATOR REPETITIONS, or
# Rscript scales.R parallel DATA REPLICATES; prints seconds (the ladder's: the median of a run).
a <- commandArgs(TRUE); options(mc.cores = 1)
ladder <- function() {
  suppressMessages(library(lavaan)); model <- readChar(a[2], 1e6); data <- read.csv(a[3])
  equal <- list("", "loadings", c("loadings", "intercepts"), c("loadings", "intercepts", "residuals"))
  climb <- function() {
    fits <- lapply(equal, function(one) cfa(model, data, group = a[4], group.equal = one, std.lv = TRUE,
      meanstructure = TRUE, estimator = a[5]))
    lapply(fits, fitMeasures); for (i in 2:4) lavTestLRT(fits[[i - 1]], fits[[i]])
  }
  climb(); median(replicate(as.integer(a[6]), system.time(climb())[["elapsed"]]))
}
# The time of no more than two replicates is what comes before them; it is taken away before scaling.
parallel <- function() {
  suppressMessages(library(psych)); data <- read.csv(a[2]); set.seed(1)
  analyse <- function(n) system.time(fa.parallel(data, n.iter = n, sim = TRUE, plot = FALSE))[["elapsed"]]
  invisible(capture.output(taken <- c(analyse(2), analyse(2 + as.integer(a[3]))))); diff(taken)
}
cat(if (a[1] == "ladder") ladder() else parallel(), "\n")
