"""An administrator: the admin portal's own pages, now its home page. What each thing can do is on the pages of its slice."""
