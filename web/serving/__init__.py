"""What a serving process does beside answering: kept answers, static files, measures, slow senders."""
