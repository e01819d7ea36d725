.PHONY: tune
tune: ## Search better hyperparameters (MODEL="cnn mlp" names models, ARGS="--parallel 2 --apply": two at once, into params.yaml)
	$(STEP) tune $(if $(MODEL),--model $(MODEL)) $(ARGS)
