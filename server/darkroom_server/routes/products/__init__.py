"""Routes about products on shelves. Must not know where anything is kept, or how an image is looked at."""
