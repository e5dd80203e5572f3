"""For those who test against Helix: stand-ins for the outside world, spoken to over real sockets."""
