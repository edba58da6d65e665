"""Write masks and reports; texts for trainers."""
