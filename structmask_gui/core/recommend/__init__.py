"""The recommended mask, the ledger behind it, and the answer in three lines."""
