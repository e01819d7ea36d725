"""What a search with NNI is made of, besides NNI: each process of it imports what it needs."""
