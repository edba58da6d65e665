"""Evaluate a denoised stack against the raw one."""
