# lavaan refitted on shipped resampling indices: FIML, several groups, least squares, Bollen-Stine. Plain CSV out.
suppressMessages(library(lavaan)); DATA <- "data"
set.seed(211); hs <- HolzingerSwineford1939
out <- function(x, name) write.csv(format(as.data.frame(x), digits = 17), file.path(DATA, name), row.names = FALSE, quote = FALSE)
idx <- function(n, R) t(replicate(R, sample.int(n, n, TRUE)))
put <- function(I, name) write.table(I, gzfile(file.path(DATA, name)), row.names = FALSE, col.names = FALSE, sep = ",")
cfa3 <- 'visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9'
refit <- function(d, ...) { g <- tryCatch(suppressWarnings(sem(cfa3, d, se = "none", test = "none", ...)), error = function(e) NULL); if (is.null(g) || !lavInspect(g, "converged")) NA else coef(g) }
I <- idx(nrow(hs), 40); put(I, "boot_idx_hs_40.csv.gz")
m <- read.csv(file.path(DATA, "HS_mcar10.csv")); m <- m[rowSums(!is.na(m[paste0("x", 1:9)])) > 0, ]; J <- idx(nrow(m), 40); put(J, "boot_idx_hs_mcar_40.csv.gz")
f <- sem(cfa3, m, missing = "fiml"); out(t(apply(J, 1, function(i) refit(m[i, ], missing = "fiml", start = f))), "boot_draws_fiml_40.csv")
f <- sem(cfa3, hs, estimator = "GLS"); out(t(apply(I, 1, function(i) refit(hs[i, ], estimator = "GLS", start = f))), "boot_draws_gls_40.csv")
A <- which(hs$school == "Pasteur"); B <- which(hs$school == "Grant-White"); IA <- idx(length(A), 40); IB <- idx(length(B), 40)
put(IA, "boot_idx_pasteur_40.csv.gz"); put(IB, "boot_idx_grantwhite_40.csv.gz")
f <- sem(cfa3, hs, group = "school", group.equal = c("loadings", "intercepts"))
out(t(sapply(1:40, function(k) refit(hs[c(A[IA[k, ]], B[IB[k, ]]), ], group = "school", group.equal = c("loadings", "intercepts"), start = f))), "boot_draws_school_40.csv")
# Bollen & Stine: rows moved to where the model holds, as lavaan's bootstrapLavaan(type = "bollen.stine") does;
# on items of unit variance, since the symmetric roots depend on the units
X <- scale(as.matrix(hs[paste0("x", 1:9)])); X <- X * sqrt(nrow(X)/(nrow(X) - 1)); f <- sem(cfa3, as.data.frame(X)); half <- function(M, e) { v <- eigen(M, TRUE); v$vectors %*% diag(v$values^e) %*% t(v$vectors) }
S <- crossprod(X)/nrow(X); Z <- as.data.frame(X %*% half(S, -.5) %*% half(fitted(f)$cov[colnames(X), colnames(X)], .5)); names(Z) <- colnames(X)
out(cbind(chisq = apply(I, 1, function(i) fitMeasures(suppressWarnings(sem(cfa3, Z[i, ])), "chisq"))), "boot_bollen_stine_hs_40.csv")
