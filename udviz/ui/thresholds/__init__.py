"""The Thresholds page: one threshold per label by a rule, and what it gives."""
