"""Study: the border to labelled results, and the public verbs."""
