"""First-party plugins. They import only the public door, and are the worked examples for yours."""
