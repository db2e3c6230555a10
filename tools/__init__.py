"""What makes the tables and the texts of the documentation."""
