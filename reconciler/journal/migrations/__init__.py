"""How the tables of the journal came to be, one revision after another; `reconciler.journal.migrate` runs them."""
