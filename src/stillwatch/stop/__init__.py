"""Stop: decisions in the request path, and the measures that follow from them."""
