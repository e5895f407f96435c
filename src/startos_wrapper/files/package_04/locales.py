"""The languages of packages for StartOS 0.4."""

# In which Start9's own packages are, by convention. The first is the one that the others are translated from.
LOCALES = ("en_US", "es_ES", "de_DE", "pl_PL", "fr_FR")
