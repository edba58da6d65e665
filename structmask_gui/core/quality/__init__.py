"""What a mask will do: noise still copied, detail lost, expected error."""
