"""Who talks to us: each channel speaks one kind of client's language and knows nothing of the other channels."""
