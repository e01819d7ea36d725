.PHONY: train
train: ## Train one model by hand: make train MODEL=mlp WORKERS=2 (default: the params' workers)
	@test -n "$(MODEL)" || { echo "Which model of params.yaml? make train MODEL=mlp"; exit 2; }
	$(STEP) train --model "$(MODEL)" $(if $(WORKERS),--workers $(WORKERS))
