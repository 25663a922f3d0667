"""What every other room may use; it knows neither Flask nor the database."""
