.PHONY: monitor
monitor: ## Compare what the service saw with the training data: make monitor ARGS='--since 7d'
	$(STEP) monitor $(ARGS)
