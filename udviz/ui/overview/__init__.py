"""The Overview: what each comparison does to every label, and to false positives."""
