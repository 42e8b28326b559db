"""The conformance suite: what every model of the zoo is asked, inside its own environment, through the worker."""
