"""Every valley by theorem: linear models under a power of the residual."""
