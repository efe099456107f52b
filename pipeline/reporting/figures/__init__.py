"""Pictures of results, one a module. Each draws what it is given and computes nothing."""
