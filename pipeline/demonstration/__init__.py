"""The demonstration study: made-up data with known truth, and the trouble that real exports bring.

`stages/simulate` hands in the forms (plain values) and writes what comes back; tests and calibrations draw
scores without measurement error. Knows numpy and pandas; no file, study or report of ours.
"""
