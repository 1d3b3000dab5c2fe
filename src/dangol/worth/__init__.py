"""What service cost and gave: reads everything below, writes nothing."""
