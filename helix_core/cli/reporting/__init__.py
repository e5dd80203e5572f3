"""What happened, for people: figures, plots and the page that holds them."""
