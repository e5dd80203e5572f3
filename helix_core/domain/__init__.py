"""The trade's own words as frozen values: Decimal money, aware UTC, standard library only."""
