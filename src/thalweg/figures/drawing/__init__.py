"""What figures share: one look, axes and scales, a run and its valleys as arrays, words and numbers."""
