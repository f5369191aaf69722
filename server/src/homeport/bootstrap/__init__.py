"""The composition root: the one place that knows everyone. `units` builds actions, `home` the running product, `web` its application."""
