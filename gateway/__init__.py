"""HTTP in, HTTP out: who asks, why, what they may see, and the record that they asked."""
