"""Denoising by StructN2V's rule: each pixel from the neighbours that the mask leaves visible."""
