.PHONY: tune
tune: ## Search better hyperparameters (MODEL=mlp names the model, ARGS=--apply writes them into params.yaml)
	$(STEP) tune $(if $(MODEL),--model $(MODEL)) $(ARGS)
