"""From the parameter names of other libraries to ours."""
