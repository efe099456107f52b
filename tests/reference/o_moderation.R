suppressMessages(library(lavaan))  # on its own: it needs no package for JSON, unlike _common.R
json <- function(x) {
  if (is.data.frame(x)) return(paste0("[", paste(apply_rows(x), collapse = ",\n"), "]"))
  if (is.list(x)) return(paste0("{", paste0('"', names(x), '": ', vapply(x, json, ""), collapse = ",\n"), "}"))
  one <- if (is.character(x)) paste0('"', gsub("\n", "\\n", x, fixed = TRUE), '"') else ifelse(is.na(x), "null", sprintf("%.17g", x))
  if (length(x) == 1) one else paste0("[", paste(one, collapse = ", "), "]")
}
apply_rows <- function(d) vapply(seq_len(nrow(d)), function(i) json(lapply(as.list(d), function(v) v[i])), "")
# Latent products by double-mean-centred indicators (Lin, Wen, Marsh & Lin 2010), made by hand, fitted by lavaan;
# a response surface with cluster-robust errors (CR1, made by hand), whole scores and within clusters.
out <- list(); cen <- function(x) x - mean(x)
set.seed(20261123); n <- 500  # planted: speed = .4 visual + .3 textual + .3 visual x textual
f <- rnorm(n); h <- .3 * f + sqrt(1 - .09) * rnorm(n); s <- .4 * f + .3 * h + .3 * f * h + .6 * rnorm(n)
items <- function(v, loadings, sd) sapply(loadings, function(l) l * v + sd * rnorm(n))
D <- as.data.frame(round(cbind(items(f, c(1, .8, .9), .6), items(h, c(1, .9, .8), .6), items(s, c(1, .9, .8), .6)), 5))
names(D) <- paste0("x", 1:9); write.csv(D, "data/latent_interaction.csv", row.names = FALSE); out$data <- "data/latent_interaction.csv"
X <- paste0("x", 1:3); W <- paste0("x", 4:6); D[c(X, W)] <- lapply(D[c(X, W)], cen)
fitted <- function(pairs) {
  P <- D; names <- character()
  for (k in seq_len(nrow(pairs))) { n <- paste0(pairs[k, 1], ".", pairs[k, 2]); P[[n]] <- cen(P[[pairs[k, 1]]] * P[[pairs[k, 2]]]); names <- c(names, n) }
  share <- function(i, j) pairs[i, 1] == pairs[j, 1] || pairs[i, 2] == pairs[j, 2]
  rc <- character(); if (length(names) > 1) for (i in 1:(length(names) - 1)) for (j in (i + 1):length(names)) if (share(i, j)) rc <- c(rc, paste(names[i], "~~", names[j]))
  m <- paste(c("visual =~ x1 + x2 + x3", "textual =~ x4 + x5 + x6", "speed =~ x7 + x8 + x9",
    paste("visual_x_textual =~", paste(names, collapse = " + ")), rc, "visual_x_textual ~~ visual", "visual_x_textual ~~ textual",
    "speed ~ visual + textual + visual_x_textual"), collapse = "\n")
  fit <- sem(m, P, estimator = "MLR")
  pe <- as.data.frame(unclass(parameterEstimates(fit)))[c("lhs", "op", "rhs", "est", "se")]
  list(syntax = m, parameters = pe, fit = as.list(unclass(fitMeasures(fit, c("chisq", "df", "chisq.scaled", "logl")))))
}
out$latent_all <- fitted(as.matrix(expand.grid(W, X, stringsAsFactors = FALSE)[, 2:1]))
out$latent_matched <- fitted(cbind(X, W))
B <- read.csv("data/bh1996.csv")
surface <- function(x, y, z, g) {
  M <- cbind(x, y, x^2, x * y, y^2); G <- length(unique(g)); n <- length(z)
  list(M = M, z = z, g = g, G = G, n = n)
}
robust <- function(s, intercept) {
  M <- if (intercept) cbind(1, s$M) else s$M
  b <- solve(crossprod(M), crossprod(M, s$z)); e <- as.vector(s$z - M %*% b)
  U <- rowsum(M * e, s$g); A <- solve(crossprod(M)); k <- ncol(M)
  V <- s$G / (s$G - 1) * (s$n - 1) / (s$n - k) * A %*% crossprod(U) %*% A
  i <- if (intercept) 2:6 else 1:5; b <- b[i]; V <- V[i, i]
  L <- rbind(a1 = c(1, 1, 0, 0, 0), a2 = c(0, 0, 1, 1, 1), a3 = c(1, -1, 0, 0, 0), a4 = c(0, 0, 1, -1, 1), a5 = c(0, 0, 1, 0, -1))
  a <- as.vector(L %*% b); se <- sqrt(diag(L %*% V %*% t(L)))
  list(b = b, b_se = sqrt(diag(V)), a = setNames(as.list(a), rownames(L)), a_se = setNames(as.list(se), rownames(L)),
       p = setNames(as.list(2 * pt(-abs(a / se), s$G - 1)), rownames(L)), df = s$G - 1, clusters = s$G, n = s$n)
}
dm <- function(v, g) v - ave(v, g)
x <- B$COHES; y <- B$LEAD; z <- B$WBEING; g <- B$GRP
out$surface_whole <- robust(surface(x - 3, y - 3, z, g), TRUE)
s <- surface(dm(x, g), dm(y, g), dm(z, g), g); s$M <- apply(s$M, 2, dm, g = g); out$surface_within <- robust(s, FALSE)
d <- as.vector(scale(x)) - as.vector(scale(y))
out$discrepancy <- list(first_higher = mean(d > .5), agree = mean(abs(d) <= .5), second_higher = mean(d < -.5))
out <- c(list(meta = list(R = R.version.string, lavaan = as.character(packageVersion("lavaan")), script = "o_moderation.R")), out)
writeLines(json(out), "o_moderation.json")
