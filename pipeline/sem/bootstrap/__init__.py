"""Bootstrap of a fitted model: resampling by counts, all resamples advancing together (written apart)."""
