"""Tables of people's own: files of any make, arrays and data frames, read as columns of numbers."""
