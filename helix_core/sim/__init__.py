"""A whole bot before a simulated venue, in simulated time: what happens in hours is played in milliseconds."""
