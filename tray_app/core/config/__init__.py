"""Everything that can be set: one table of options, parsed and checked."""
