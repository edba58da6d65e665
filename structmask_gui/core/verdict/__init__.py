"""What kind of noise it is, how certain that is, and the sentences that say so."""
