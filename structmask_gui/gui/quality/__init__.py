"""What the mask will do, and what it did, on the screen."""
