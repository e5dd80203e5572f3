"""The database: the journal and the fills are the truth; trades, signals and daily_stats are views for people."""
