"""The `banyan` command, one file a verb, and what all programs share."""
