"""The offline planner: answers without a language model, by meaning of clauses alone."""
