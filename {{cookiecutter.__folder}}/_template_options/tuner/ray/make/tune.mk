.PHONY: tune
tune: ## Search better hyperparameters (MODEL="cnn mlp" names models, ARGS="--parallel 2 --apply" runs two at once and writes the best into params.yaml)
	$(STEP) tune $(if $(MODEL),--model $(MODEL)) $(ARGS)
