"""From bytes to tables: CSV and Parquet, one file or thousands at once, with limits on size and width."""
