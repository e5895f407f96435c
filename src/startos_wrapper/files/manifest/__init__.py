"""The manifest format of StartOS 0.3.5: its schema, its grammars, and explanations of faults."""
