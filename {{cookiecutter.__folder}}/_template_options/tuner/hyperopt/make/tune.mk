.PHONY: tune
tune: ## Search better hyperparameters (MODEL="cnn mlp" names models, ARGS=--apply writes them into params.yaml)
	$(STEP) tune $(if $(MODEL),--model $(MODEL)) $(ARGS)
