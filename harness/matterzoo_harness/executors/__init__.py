"""Who runs the plans: an executor takes plans and leaves committed shards."""
