.PHONY: register
register: ## Keep the evaluated model in the registry (ARGS=--list lists it, ARGS='--promote ID' makes a champion)
	$(STEP) register $(ARGS)
