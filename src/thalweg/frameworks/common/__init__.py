"""What the rooms of all frameworks share; it imports none of them."""
