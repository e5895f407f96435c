"""`startos-wrapper adopt`: an existing wrapper comes into the template's care."""
