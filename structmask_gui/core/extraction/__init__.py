"""From the autocorrelation to the mask, stage by stage."""
